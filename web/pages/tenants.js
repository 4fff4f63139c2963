import { tenantBadges } from '../components/badge.js'
import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { trialMeter } from '../components/meter.js'
import { pageHeader } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { ago } from '../components/time.js'
import { toolbar } from '../components/toolbar.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes } from '../format.js'
import { rememberQuery } from '../router.js'
import { openCreateTenant } from './tenant-create.js'

const pageSize = 50
const statuses = [['', 'Every status'], ['trialing', 'Trialing'], ['active', 'Active'], ['past_due', 'Past due'],
  ['suspended', 'Suspended'], ['cancelled', 'Cancelled']]

const columns = [
  { title: 'Tenant', main: true, cell: (tenant) => [
    element('a', { href: `#/tenants/${tenant.slug}` }, tenant.name), element('span', { class: 'sub' }, tenant.slug)] },
  { title: 'Status', cell: tenantBadges },
  { title: 'Plan', cell: (tenant) => tenant.plan },
  { title: 'Trial', cell: (tenant) => (tenant.status === 'trialing' && tenant.trialEndsAt ? trialMeter(tenant) : '–') },
  { title: 'Owner', minor: true, cell: (tenant) => tenant.ownerEmail ?? '–' },
  { title: 'Size', align: 'end', cell: (tenant) => bytes(tenant.storage.bytes) },
  { title: 'Last snapshot', cell: (tenant) => ago(tenant.lastSnapshotAt, 'never') },
]

/** All tenants, found by name or status. The filters live in the address. */
export function tenantsPage({ api, query, path, signal }) {
  const filters = { q: query.get('q') ?? '', status: query.get('status') ?? '' }
  const list = tenantList({ api, filters, signal, create: () => create() })
  const create = () => openCreateTenant({ api, onCreated: () => list.reload() })
  const change = (values) => {
    Object.assign(filters, values)
    rememberQuery(path, filters)
    list.reload({ isQuiet: true })
  }
  list.reload()
  if (query.has('create')) {
    rememberQuery(path, filters)
    queueMicrotask(create)
  }
  return element('div', { class: 'page' },
    pageHeader({ title: 'Tenants', actions: [
      buttonLink({ label: 'Trash', icon: 'trash', href: '#/trash' }),
      button({ label: 'Create tenant', icon: 'plus', primary: true, onClick: create })] }),
    toolbar({ searchLabel: 'Search tenants', filterLabel: 'Status', options: statuses, filters, onChange: change }),
    list.element, cliLine(commands.tenantList()))
}

function tenantList({ api, filters, signal, create }) {
  return new PagedList({
    columns, caption: 'Tenants', noun: 'tenant',
    load: (cursor) => api.get('/api/admin/tenants', { signal,
      query: { ...filters, cursor, limit: pageSize, count: cursor ? '' : 'exact' } }),
    empty: () => (filters.q || filters.status ? nothingFound() : noTenants(create)),
  })
}

function nothingFound() {
  return emptyState({ icon: 'search', title: 'No tenant fits', text: 'Try another word, or every status.' })
}

function noTenants(create) {
  return emptyState({ icon: 'shops', title: 'No tenants yet',
    text: 'A tenant is one shop with its own database file, users and plan.',
    action: button({ label: 'Create the first tenant', icon: 'plus', onClick: create }) })
}
