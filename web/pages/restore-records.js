import { radios } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton } from '../components/dialog.js'
import { form } from '../components/form.js'
import { facts } from '../components/page-header.js'
import { table } from '../components/table.js'
import { second } from '../components/time.js'
import { runIn } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { count, counted } from '../format.js'

const path = '/api/admin/restores/records'
const title = 'Bring records back'

/**
 * Brings single records of a tenant's past into the tenant as it is: first what would happen, with every conflict, then
 * the act. `order` is `{ tenant, collection, ids }` with a point, or with `deletedFrom` and `deletedUntil`.
 */
export function chooseRecords({ api, dialog, order, onDone }) {
  const show = (onConflict) => runIn(dialog, { title, retry: () => show(onConflict),
    run: (onProgress) => api.post(path, { ...order, onConflict, dryRun: true }, { onProgress }),
    result: ({ records }) => confirmStep({ api, dialog, order, records, show, onDone }), closes: false })
  show('skip')
}

function confirmStep({ api, dialog, order, records, show, onDone }) {
  const conflicts = radios({ name: 'onConflict', label: 'Records that exist and were changed since',
    value: records.onConflict, options: [['skip', 'Stay as they are'], ['replace', 'Go back to what they were']] })
  const act = () => runIn(dialog, { title, retry: act, onDone, result: (answer) => resultView(answer.records),
    run: (onProgress) => api.post(path, { ...order, onConflict: records.onConflict, confirm: order.tenant },
      { onProgress }) })
  return element('div', { class: 'stack' }, view(records), form({
    fields: [conflicts], before: cliLine(commands.restoreRecords({ ...order, onConflict: records.onConflict })),
    submitLabel: `Bring back ${counted(records.broughtBack + records.replaced, 'record')}`,
    cancel: cancelButton(dialog),
    onChange: ({ onConflict }) => { if (onConflict !== records.onConflict) show(onConflict) },
    onSubmit: act,
  }))
}

function resultView(records) {
  return element('div', { class: 'stack' },
    element('p', { class: 'result' }, `${counted(records.broughtBack, 'record')} brought back, ${
      count(records.replaced)} replaced.`), view(records))
}

function view(records) {
  return element('div', { class: 'stack' },
    facts([
      ['Collection', records.collection], ['State of', second(records.at)],
      [records.dryRun ? 'Would come back' : 'Brought back', count(records.broughtBack)],
      [records.dryRun ? 'Would be replaced' : 'Replaced', count(records.replaced)],
      ['As they were already', count(records.unchanged)],
      ['Conflicts', count(records.conflictCount)],
      ['Made and deleted since, not brought back', records.madeAndDeleted?.length > 0
        ? count(records.madeAndDeleted.length) : null],
    ]),
    records.conflicts.length > 0 && table({ caption: 'Conflicts', columns: [
      { title: 'Record', main: true, cell: ({ id }) => element('code', {}, id) },
      { title: 'Why it stays as it is', cell: ({ message }) => message },
    ], items: records.conflicts }))
}
