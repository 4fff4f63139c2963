import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { ago } from '../components/time.js'
import { element } from '../dom.js'
import { commands } from '../commands.js'
import { openPurge, openUndelete } from './trash-actions.js'

/** Deleted tenants, each until the day on which it is removed for good. */
export function trashPage({ api, signal }) {
  const onChange = () => list.reload({ isQuiet: true })
  const list = new PagedList({
    caption: 'Deleted tenants', noun: 'tenant',
    columns: [
      { title: 'Tenant', main: true, cell: ({ name, slug }) => [name, element('span', { class: 'sub' }, slug)] },
      { title: 'Deleted', cell: ({ deletedAt }) => ago(deletedAt) },
      { title: 'Removed for good', cell: ({ purgeAt }) => ago(purgeAt) },
      { title: 'Actions', cell: (tenant) => actions({ api, tenant, onChange }) },
    ],
    load: () => api.get('/api/admin/trash', { signal }),
    empty: () => emptyState({ icon: 'trash', title: 'The trash is empty',
      text: 'A tenant that is deleted waits here for 30 days, with all its data.' }),
  })
  list.reload()
  return element('div', { class: 'page' },
    pageHeader({ title: 'Trash', back: { href: '#/tenants', label: 'Tenants' },
      lead: 'Deleted tenants come back whole until the day they are removed for good.' }),
    list.element, cliLine(commands.tenantTrash()))
}

// Each says whose button it is, because a screen reader may list them without their rows.
function actions({ api, tenant, onChange }) {
  const act = (label, open) => {
    const node = button({ label, small: true, onClick: () => open({ api, tenant, onChange }) })
    node.setAttribute('aria-label', `${label} ${tenant.name}`)
    return node
  }
  return element('span', { class: 'actions' }, act('Bring back…', openUndelete), act('Remove for good…', openPurge))
}
