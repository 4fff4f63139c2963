import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { heldMessages } from '../components/held-messages.js'
import { pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { table } from '../components/table.js'
import { ago, time } from '../components/time.js'
import { toastProblem } from '../components/toast.js'
import { runIn } from '../components/work-dialog.js'
import { element } from '../dom.js'
import { counted } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { diffPanel } from './restore-diff.js'
import { planView, resultView } from './restore-plan.js'
import { restorePoints } from './restore-points.js'

const states = { available: ['can be undone', 'good'], undone: ['undone', 'plain'],
  expired: ['undo copy removed', 'plain'], nothing: ['nothing was there', 'plain'] }

/** An owner brings the own shop back to a moment of the days that operators allow, and can take that back. */
export function shopRestorePage({ api, signal }) {
  const part = loadInto({
    load: () => api.get('/api/restore-points', { signal }),
    view: (points) => element('div', { class: 'stack' }, view(points, open)),
  })
  const open = async (title, path, body) => {
    try {
      const { plan } = await api.post(path, { ...body, dryRun: true })
      openDialog({ title, wide: true,
        content: (dialog) => planStep({ api, dialog, title, path, body, plan, onDone: part.reload }) })
    } catch (error) {
      toastProblem(ApplianceProblem.from(error))
    }
  }
  return element('div', { class: 'page' },
    pageHeader({ title: 'Go back', lead: 'Records as they were at a moment. People and keys stay as they are now.' }),
    heldMessages({
      load: () => api.get('/api/held-messages', { signal, query: { limit: 200 } }),
      decide: (verb, id) => api.post(`/api/held-messages${id ? `/${id}` : ''}/${verb}`, {}),
    }),
    part.element)
}

function view({ days, snapshots, restores }, open) {
  if (days === 0) return [emptyState({ icon: 'undo', title: 'Your operator restores', text: 'Ask them to bring the shop back.' })]
  const restore = (at) => open('Bring the shop back', '/api/restores', { at })
  return [
    element('p', {}, `You can go back ${counted(days, 'day')}; before that, your operator can.`),
    snapshots.length > 0 ? restorePoints({ snapshots, restore })
      : emptyState({ icon: 'clock', title: 'No snapshot yet', text: 'The first one is made within the hour.' }),
    panel({ title: 'What was brought back' }, restores.length === 0
      ? element('p', { class: 'muted' }, 'Nothing yet.')
      : table({ caption: 'Restores', items: restores, columns: restoreColumns(restores, open) })),
  ]
}

function restoreColumns(restores, open) {
  const undo = () => open('Undo the restore', '/api/restores/undo', {})
  const latest = restores.find(({ state }) => state === 'available')
  return [
    { title: 'When', main: true, cell: ({ restoredAt }) => ago(restoredAt) },
    { title: 'Went to', cell: ({ at }) => time(at) },
    { title: 'State', cell: ({ state }) => badge(...states[state]) },
    { title: 'Undo', cell: (entry) => (entry === latest ? button({ label: 'Undo…', small: true, onClick: undo }) : '') },
  ]
}

function planStep({ api, dialog, title, path, body, plan, onDone }) {
  const phrase = plan.confirm
  const confirm = textField({ name: 'confirm', label: `Type “${phrase}” to confirm`, 'data-focus': true,
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const typed = { ...confirm, fault: () => (confirm.value() === phrase ? null : `Type exactly “${phrase}”.`) }
  const load = async (onProgress) => {
    const compared = await api.post(path, { ...body, dryRun: true, diff: true }, { onProgress })
    return compared.plan.diff
  }
  const act = () => runIn(dialog, { title, onDone, result: resultView, retry: act,
    run: (onProgress) => api.post(path, { ...body, confirm: phrase }, { onProgress }) })
  return element('div', { class: 'stack' }, planView(plan), diffPanel({ load }),
    form({ fields: [typed], submitLabel: title, danger: true, cancel: cancelButton(dialog), onSubmit: act }))
}
