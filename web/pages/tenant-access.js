import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { ago, time } from '../components/time.js'
import { toast } from '../components/toast.js'
import { element } from '../dom.js'

/** Which hosts and pages a tenant has, and which operators acted in it. */
export function accessPanels({ api, tenant, signal, onChange }) {
  const path = `/api/admin/tenants/${encodeURIComponent(tenant.slug)}`
  return [domainsPanel({ api, path, signal }), profilePanel({ api, path, tenant, onChange }),
    supportPanel({ api, path, tenant, signal })]
}

function domainsPanel({ api, path, signal }) {
  const { element: list, reload } = loadInto({
    load: () => api.get(`${path}/domains`, { signal }),
    view: ({ items }) => (items.length === 0 ? element('p', { class: 'muted' }, 'No domains of its own.')
      : table({ caption: 'Domains', items, columns: [
        { title: 'Domain', main: true, cell: ({ domain }) => element('code', {}, domain) },
        { title: 'Remove', cell: ({ domain }) => button({ label: `Remove ${domain}`, small: true, quiet: true,
          onClick: async () => {
            await api.delete(`${path}/domains/${encodeURIComponent(domain)}`)
            toast(`${domain} is removed`)
            reload()
          } }) }] })),
  })
  return panel({ title: 'Domains' }, list, form({
    fields: [textField({ name: 'domain', label: 'Add a domain', autocapitalize: 'none', spellcheck: 'false',
      hint: 'Such as shop.example. Point it at this server first.' })],
    submitLabel: 'Add domain', fieldOfCode: { domain_taken: 'domain' },
    onSubmit: async ({ domain }) => {
      await api.post(`${path}/domains`, { domain })
      toast(`${domain} is added`)
      reload()
    },
  }))
}

function profilePanel({ api, path, tenant, onChange }) {
  return panel({ title: 'Outside' }, form({
    columns: true,
    fields: [
      textField({ name: 'name', label: 'Name', value: tenant.name }),
      textField({ name: 'corsOrigins', label: 'Web origins', value: tenant.corsOrigins.join(', '),
        hint: 'Pages that may use its API, with commas between: https://app.example, https://*.example.' })],
    submitLabel: 'Save', onSubmit: async ({ name, corsOrigins }) => {
      await api.patch(path, { name, corsOrigins: corsOrigins.split(',').map((one) => one.trim()).filter(Boolean) })
      toast('Saved')
      onChange()
    },
  }))
}

function supportPanel({ api, path, tenant, signal }) {
  const { element: list, reload } = loadInto({
    load: () => api.get(`${path}/act-as`, { signal }),
    view: ({ items }) => (items.length === 0 ? element('p', { class: 'muted' }, 'Nobody yet.')
      : table({ caption: 'Operators inside', items, columns: supportColumns((grant) => button({
        label: 'End', small: true, onClick: async () => {
          await api.post(`/api/admin/act-as/${grant.id}/end`)
          reload()
        } })) })),
  })
  return panel({ title: 'Operators inside' },
    tenant.refusesSupport && element('p', {}, badge('refused', 'warn'), ' The owner lets no operator in.'), list)
}

/** The columns of a list of operators who acted in a shop; `end(grant)` makes the button for one under way. */
export function supportColumns(end) {
  const isOver = (grant) => Boolean(grant.endedAt) || new Date(grant.expiresAt) <= new Date()
  return [
    { title: 'Operator', main: true, cell: (grant) => grant.operatorEmail },
    { title: 'Reason', cell: (grant) => grant.reason },
    { title: 'From', cell: (grant) => time(grant.startedAt) },
    { title: 'Rights', minor: true, cell: (grant) => (grant.isWritable ? 'look and change' : 'look') },
    { title: 'Until', cell: (grant) => (isOver(grant)
      ? ['ended ', ago(grant.endedAt ?? grant.expiresAt)] : [ago(grant.expiresAt), ' ', end(grant)]) },
  ]
}
