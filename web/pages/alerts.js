import { badge } from '../components/badge.js'
import { button, isBusy, setBusy } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader, panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { ago, time } from '../components/time.js'
import { toast, toastProblem } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

const pageSize = 30

/** What is wrong and since when, and what was. An alert ends by itself; a person says that it was seen. */
export function alertsPage({ api, signal }) {
  const acknowledge = (alert, node) => markSeen({ api, alert, node, onDone: () => open.reload({ isQuiet: true }) })
  const open = alertList({ api, signal, isOpen: true, acknowledge })
  const over = alertList({ api, signal, isOpen: false })
  open.reload()
  over.reload()
  return element('div', { class: 'page' },
    pageHeader({ title: 'Alerts', back: { href: '#/overview', label: 'Overview' },
      lead: 'They begin and end by themselves, and each is mailed to the operators once.' }),
    panel({ title: 'Open' }, open.element), panel({ title: 'Over' }, over.element), cliLine(commands.alertList()))
}

function alertList({ api, signal, isOpen, acknowledge }) {
  return new PagedList({
    caption: isOpen ? 'Open alerts' : 'Alerts that are over', noun: 'alert',
    columns: [
      { title: 'What', main: true, cell: ({ message, remedy }) => [
        message, element('span', { class: 'sub' }, element('code', {}, remedy))] },
      { title: 'Since', cell: ({ beganAt }) => (isOpen ? ago(beganAt) : time(beganAt)) },
      isOpen ? { title: 'Seen', cell: (alert) => seen(alert, acknowledge) }
        : { title: 'Until', cell: ({ endedAt }) => time(endedAt) },
    ],
    load: (cursor) => api.get('/api/admin/alerts', { signal, query: { open: isOpen, cursor, limit: pageSize } }),
    empty: () => (isOpen ? emptyState({ icon: 'check', title: 'Nothing is wrong' })
      : emptyState({ icon: 'history', title: 'Nothing was wrong so far' })),
  })
}

function seen(alert, acknowledge) {
  if (alert.acknowledgedAt) return [badge('seen'), ' ', ago(alert.acknowledgedAt)]
  const node = button({ label: 'Seen', small: true, icon: 'check', onClick: () => acknowledge(alert, node) })
  node.setAttribute('aria-label', `I have seen: ${alert.message}`)
  return node
}

async function markSeen({ api, alert, node, onDone }) {
  if (isBusy(node)) return
  setBusy(node, true)
  try {
    await api.post(`/api/admin/alerts/${encodeURIComponent(alert.id)}/acknowledge`)
    toast('Marked as seen')
    onDone()
  } catch (error) {
    toastProblem(ApplianceProblem.from(error))
    setBusy(node, false)
  }
}
