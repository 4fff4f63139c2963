import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { ago, second, time } from '../components/time.js'
import { runIn } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { counted } from '../format.js'
import { diffPanel } from './restore-diff.js'
import { planView, resultView } from './restore-plan.js'

const pageSize = 10
const words = { available: ['can be undone', 'good'], undone: ['undone', 'plain'],
  expired: ['undo copy removed', 'plain'], nothing: ['nothing was there', 'plain'] }

/** What was restored, and the button that brings back what was there before. */
export function restoresPanel({ api, signal, onDone }) {
  const list = new PagedList({
    caption: 'Restores', noun: 'restore',
    columns: [
      { title: 'Restored', main: true, cell: (entry) => [what(entry),
        element('span', { class: 'sub' }, ago(entry.restoredAt))] },
      { title: 'Went to', cell: ({ databases }) => second(databases[0].at) },
      { title: 'From', minor: true, cell: ({ databases }) => databases[0].source || '–' },
      { title: 'State', cell: ({ state }) => badge(...words[state]) },
      { title: 'Undo', cell: (entry) => undoOf({ api, entry, onDone: () => onDone() }) },
    ],
    load: (cursor) => api.get('/api/admin/restores', { signal, query: { cursor, limit: pageSize } }),
    empty: () => emptyState({ icon: 'undo', title: 'Nothing was restored yet',
      text: 'What a restore replaces is kept for seven days, and can be brought back from here.' }),
  })
  list.reload()
  return { element: panel({ title: 'Restores' }, list.element, cliLine(commands.restoreList())),
    reload: () => list.reload({ isQuiet: true }) }
}

/** Shows what an undo would do, asks, and does it. `restore` is a restore's id or an undo token. */
export async function openUndo({ api, restore, onDone }) {
  const path = `/api/admin/restores/${encodeURIComponent(restore)}/undo`
  const { plan } = await api.post(path, { dryRun: true })
  openDialog({ title: 'Undo a restore', wide: true,
    content: (dialog) => confirmStep({ api, dialog, path, plan, restore, onDone }) })
}

function confirmStep({ api, dialog, path, plan, restore, onDone }) {
  const phrase = plan.confirm
  const confirm = textField({ name: 'confirm', label: `Type “${phrase}” to confirm`, 'data-focus': true,
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const typed = { ...confirm, fault: () => (confirm.value() === phrase ? null : `Type exactly “${phrase}”.`) }
  const act = () => runIn(dialog, { title: 'Undo a restore', onDone, result: resultView, retry: act,
    run: (onProgress) => api.post(path, { confirm: phrase }, { onProgress }) })
  const load = async (onProgress) => {
    const compared = await api.post(path, { dryRun: true, diff: true }, { onProgress })
    return compared.plan.diff
  }
  return element('div', { class: 'stack' }, planView(plan), !plan.whole && diffPanel({ load }), form({
    fields: [typed], before: cliLine(commands.restoreUndo(restore)), submitLabel: 'Undo', danger: true,
    cancel: cancelButton(dialog), onSubmit: act }))
}

function what({ kind, whole, databases }) {
  const shops = databases.filter(({ tenantId }) => tenantId)
  const name = whole ? 'The whole appliance' : shops.length === 1 ? shops[0].tenant : counted(shops.length, 'tenant')
  return kind === 'undo' ? `${name}, by an undo` : name
}

function undoOf({ api, entry, onDone }) {
  if (entry.state !== 'available') return '–'
  const node = button({ label: 'Undo…', small: true, onClick: () => openUndo({ api, restore: entry.id, onDone }) })
  node.setAttribute('aria-label', `Undo the restore of ${what(entry)}`)
  return element('span', {}, node, element('span', { class: 'sub' }, 'until ', time(entry.undoUntil)))
}
