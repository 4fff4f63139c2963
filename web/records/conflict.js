import { button } from '../components/button.js'
import { table } from '../components/table.js'
import { ago } from '../components/time.js'
import { icon } from '../components/icon.js'
import { ApplianceProblem } from '../problem.js'
import { problemNotice } from '../components/states.js'
import { element } from '../dom.js'
import { valueNode } from './values.js'

/**
 * Somebody else saved the record while it was being edited. Shows, field by field, what it was, what they made of it
 * and what you want, and leaves the choice: save yours over theirs, go on editing from theirs, or keep theirs.
 */
export function conflictView({ shop, collection, before, current, patch, onMine, onEdit }) {
  const touched = collection.fields.filter(({ name }) => name in patch || !isSame(before[name], current[name]))
  const problem = element('div')
  const saveMine = () => onMine(patch).catch((error) => (
    problem.replaceChildren(problemNotice(ApplianceProblem.from(error)))))
  return element('div', { class: 'stack' },
    element('div', { class: 'notice notice-warn', role: 'alert' }, icon('warn'), element('div', {},
      element('p', {}, element('strong', {}, 'Somebody else changed this record '), ago(current.updatedAt),
        ', while you were editing it. Nothing of yours is saved yet.'))),
    table({ caption: 'What differs', items: touched, columns: columns({ shop, before, current, patch }) }),
    problem,
    element('div', { class: 'form-actions' },
      button({ label: 'Keep theirs', quiet: true, onClick: () => onEdit({}) }),
      focused(button({ label: 'Edit again from theirs', onClick: () => onEdit(patch) })),
      button({ label: 'Save mine over theirs', danger: true, onClick: saveMine })))
}

function columns({ shop, before, current, patch }) {
  const mine = { ...current, ...patch }
  return [
    { title: 'Field', main: true, cell: (field) => field.title },
    { title: 'It was', cell: (field) => valueNode(shop, field, before) },
    { title: 'Theirs, saved', cell: (field) => valueNode(shop, field, current) },
    { title: 'Yours', cell: (field) => (field.name in patch ? valueNode(shop, field, mine) : 'not touched') },
  ]
}

// The choice that loses nothing is the one under the keyboard.
function focused(node) {
  node.setAttribute('data-focus', '')
  return node
}

const isSame = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
