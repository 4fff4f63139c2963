import { element } from '../dom.js'
import { counted } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { button } from './button.js'
import { panel } from './page-header.js'
import { loadInto } from './panel-loader.js'
import { table } from './table.js'
import { ago } from './time.js'
import { toast, toastProblem } from './toast.js'

/**
 * Mail that is held since the shop went back, to be released or discarded, one by one or all. Nothing is shown while
 * nothing is held. `decide(verb, id)` is asked with no id for all of it; `onDone` follows.
 */
export function heldMessages({ load, decide, onDone }) {
  const part = loadInto({
    load: async () => (await load()).items,
    view: (items) => (items.length === 0 ? element('div') : heldPanel(items, act)),
  })
  const act = async (verb, id) => {
    try {
      const { messages } = await decide(verb, id)
      toast(`${counted(messages, 'message')} ${verb === 'release' ? 'released' : 'discarded'}`)
      part.reload()
      onDone?.()
    } catch (error) {
      toastProblem(ApplianceProblem.from(error))
    }
  }
  return part.element
}

function heldPanel(items, act) {
  const small = (label, verb, id) => button({ label, small: true, onClick: () => act(verb, id) })
  return panel({ title: 'Held for review', id: 'held',
    actions: [small('Release all', 'release'), small('Discard all', 'discard')] },
  element('p', {}, 'These messages waited when the shop was brought back to an earlier moment. They may have been sent '
    + 'already, or speak of what is no longer so: nothing of it leaves until you say so.'),
  table({ caption: 'Held messages', items, columns: [
    { title: 'Subject', main: true, cell: ({ subject }) => subject },
    { title: 'To', cell: ({ recipient }) => recipient },
    { title: 'Why', cell: ({ reason, heldReason }) => reason ?? heldReason },
    { title: 'Written', cell: ({ createdAt }) => ago(createdAt) },
    { title: 'Decide', cell: ({ id }) => element('div', { class: 'form-actions' },
      small('Release', 'release', id), small('Discard', 'discard', id)) },
  ] }))
}
