import { tenantBadges } from '../components/badge.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { collectionsIn } from '../collections.js'
import { element } from '../dom.js'

/** A shop's collections: the home of its users, and for an operator a look inside a tenant. */
export function shopPage({ api, params, session, signal, path }) {
  const tenant = params.slug ?? null
  const { element: list } = loadInto({
    load: () => api.get('/api/openapi.json', { tenant, signal }),
    view: (document) => collectionList(collectionsIn(document), path),
  })
  return element('div', { class: 'page' }, header(tenant, session), list)
}

function header(tenant, session) {
  if (tenant) {
    return pageHeader({ title: `Records of ${tenant}`, back: { href: `#/tenants/${tenant}`, label: tenant },
      lead: 'Every look inside a tenant is written into its audit log.' })
  }
  return element('div', { class: 'stack' }, pageHeader({ title: session.tenant.name }),
    element('p', { class: 'status-row' }, tenantBadges(session.tenant)))
}

function collectionList(collections, path) {
  if (collections.length === 0) {
    return emptyState({ icon: 'box', title: 'No collections', text: 'This shop has no module with records.' })
  }
  return element('ul', { class: 'collection-list' }, collections.map(({ name, title, fields }) => (
    element('li', {}, element('a', { class: 'collection-link', href: `#${path}/${name}` },
      element('strong', {}, title),
      element('span', { class: 'muted' }, fields.slice(0, 4).map((field) => field.title.toLowerCase()).join(', ')))))))
}
