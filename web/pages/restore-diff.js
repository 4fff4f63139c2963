import { button } from '../components/button.js'
import { progressBar } from '../components/progress.js'
import { problemNotice } from '../components/states.js'
import { table } from '../components/table.js'
import { element, uniqueID } from '../dom.js'
import { count, counted, exactTime } from '../format.js'
import { ApplianceProblem } from '../problem.js'

const kinds = [['removes', 'Goes', 'was made since'], ['bringsBack', 'Comes back', 'was deleted since'],
  ['changes', 'Changes', 'was changed since']]

/**
 * What a restore would change, compared while it is looked at. `load(onProgress)` answers the diff of the plan;
 * `choose({ collection, ids })` is called with records picked from it, `ids` null for all that were deleted since.
 */
export function diffPanel({ load, choose }) {
  const bar = progressBar('Comparing with what is live')
  const place = element('div', { class: 'stack-tight' }, bar.element)
  load(bar.update).then(
    (diff) => place.replaceChildren(...diff.map((shop) => shopView(shop, choose))),
    (error) => place.replaceChildren(problemNotice(ApplianceProblem.from(error))))
  return element('section', { class: 'stack-tight', 'aria-label': 'What would change' },
    element('h3', {}, 'What would change'), place)
}

function shopView({ at, collections, unchanged, problem }, choose) {
  if (problem) return element('p', {}, `It cannot be compared with what is live: ${problem}`)
  if (collections.length === 0) return element('p', {}, `Nothing differs from the state of ${exactTime(at)}.`)
  return element('div', { class: 'stack-tight' },
    table({ caption: 'Differences', columns: [
      { title: 'Collection', main: true, cell: (one) => one.collection },
      ...kinds.map(([key, title]) => ({ title, align: 'end', cell: (one) => count(one[key]) })),
    ], items: collections }),
    collections.map((one) => samples(one, choose)),
    unchanged.length > 0 && element('p', { class: 'small' }, `${counted(unchanged.length, 'collection')} without a difference.`))
}

function samples({ collection, sample, bringsBack }, choose) {
  const shown = kinds.flatMap(([kind, , words]) => sample[kind].map((record) => ({ kind, words, record })))
  const boxes = new Map()
  const rows = shown.map(({ kind, words, record }) => {
    const canChoose = choose && kind !== 'removes'
    return element('li', {}, canChoose ? checkbox(boxes, record.id) : element('code', {}, record.id), ' ', words,
      kind === 'changes' && `: ${record.fields.join(', ')}`)
  })
  const picked = () => [...boxes].filter(([, box]) => box.checked).map(([id]) => id)
  const restorePicked = button({ label: 'Bring back only the chosen…', small: true, onClick: () => {
    if (picked().length > 0) choose({ collection, ids: picked() })
    else boxes.values().next().value.focus()
  } })
  const restoreDeleted = button({ label: 'Bring back all that was deleted…', small: true,
    onClick: () => choose({ collection, ids: null }) })
  return element('details', { class: 'diff-samples' },
    element('summary', {}, `Look at ${collection}`),
    element('ul', { class: 'diff-list' }, rows),
    boxes.size > 0 && element('div', { class: 'actions' }, restorePicked, bringsBack > 0 && restoreDeleted))
}

function checkbox(boxes, id) {
  const box = element('input', { type: 'checkbox', id: uniqueID('record') })
  boxes.set(id, box)
  return element('span', {}, box, ' ', element('label', { for: box.id }, element('code', {}, id)))
}
