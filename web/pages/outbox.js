import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { openDialog } from '../components/dialog.js'
import { heldMessages } from '../components/held-messages.js'
import { facts, pageHeader } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { ago, time } from '../components/time.js'
import { toolbar } from '../components/toolbar.js'
import { element } from '../dom.js'
import { rememberQuery } from '../router.js'

const pageSize = 50
const kinds = { trial_7d: 'Trial, 7 days left', trial_3d: 'Trial, 3 days left', trial_1d: 'Trial, last day',
  invitation: 'Invitation', password_reset: 'Password reset', password_changed: 'Password changed' }
const tones = { kept: 'plain', held: 'warn', discarded: 'plain', queued: 'note', sent: 'good' }

const columns = [
  { title: 'Subject', main: true, cell: (message) => (
    element('button', { class: 'link', type: 'button', onClick: () => openMessage(message) }, message.subject)) },
  { title: 'Tenant', cell: tenantLink },
  { title: 'To', cell: (message) => message.recipient },
  { title: 'Kind', minor: true, cell: (message) => kinds[message.kind] ?? message.kind },
  { title: 'Status', cell: (message) => badge(message.status, tones[message.status]) },
  { title: 'Written', cell: (message) => ago(message.createdAt) },
]

/** Mail the appliance wrote. Without a mail server it is kept here, to be read. */
export function outboxPage({ api, query, path, signal }) {
  const filters = { q: query.get('q') ?? '' }
  const list = new PagedList({
    columns, caption: 'Messages', noun: 'message',
    load: (cursor) => api.get('/api/admin/outbox', { signal, query: { ...filters, cursor, limit: pageSize } }),
    empty: () => (filters.q ? nothingFound() : noMessages()),
  })
  list.reload()
  return element('div', { class: 'page' },
    pageHeader({ title: 'Outbox',
      lead: 'Mail the appliance wrote. While no mail server is set, it is kept here and not sent.' }),
    toolbar({ searchLabel: 'Search messages', filters, onChange: ({ q }) => {
      filters.q = q
      rememberQuery(path, filters)
      list.reload({ isQuiet: true })
    } }),
    heldMessages({
      load: () => api.get('/api/admin/outbox', { signal, query: { status: 'held', limit: 200 } }),
      decide: (verb, id) => api.post(`/api/admin/outbox${id ? `/${id}` : ''}/${verb}`, {}),
      onDone: () => list.reload({ isQuiet: true }),
    }),
    list.element)
}

function openMessage(message) {
  openDialog({ title: message.subject, wide: true, content: (dialog) => element('div', { class: 'stack' },
    facts([
      ['To', message.recipient],
      ['Tenant', tenantLink(message)],
      ['Status', badge(message.status, tones[message.status])],
      ['Written', time(message.createdAt)],
      ...(message.heldReason ? [['Held', message.heldReason]] : []),
    ]),
    element('pre', { class: 'message', tabindex: '0', role: 'region', 'aria-label': 'Message' }, message.body),
    element('div', { class: 'form-actions' }, button({ label: 'Close', onClick: dialog.close }))) })
}

function tenantLink({ tenant }) {
  return tenant ? element('a', { href: `#/tenants/${tenant.slug}` }, tenant.name) : '–'
}

function nothingFound() {
  return emptyState({ icon: 'search', title: 'No message fits', text: 'Try another word.' })
}

function noMessages() {
  return emptyState({ icon: 'mail', title: 'Nothing written yet',
    text: 'Warnings before a trial ends are the first to come.' })
}
