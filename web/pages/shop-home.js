import { tenantBadges } from '../components/badge.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { shopTabs } from '../components/shop-tabs.js'
import { emptyState } from '../components/states.js'
import { element } from '../dom.js'
import { actAsForm } from './act-as.js'

/** A shop's collections: the home of its users, and for an operator a look inside a tenant. */
export function shopHomePage({ api, shops, params, session }) {
  const slug = params.slug ?? null
  const list = loadInto({
    load: () => shops.open(slug).catch(withoutLeave),
    view: (shop) => (shop
      ? element('div', { class: 'stack' }, shop.isActing && shopTabs(shop), collectionList(shop))
      : actAsForm({ api, slug, email: session.user.email, onStarted: () => list.reload() })),
  })
  return element('div', { class: 'page' }, header(slug, session), list.element)
}

function withoutLeave(problem) {
  if (problem.code !== 'act_as_required') throw problem
  return null
}

function header(slug, session) {
  if (slug) {
    return pageHeader({ title: `Records of ${slug}`, back: { href: `#/tenants/${slug}`, label: slug },
      lead: 'Every look inside a tenant is written into its audit log.' })
  }
  return element('div', { class: 'stack' }, pageHeader({ title: session.tenant.name }),
    element('p', { class: 'status-row' }, tenantBadges(session.tenant)))
}

function collectionList(shop) {
  if (shop.collections.length === 0) {
    return emptyState({ icon: 'box', title: 'No collections', text: 'This shop has no module with records.' })
  }
  return element('ul', { class: 'collection-list' }, shop.collections.map(({ name, title, fields }) => (
    element('li', {}, element('a', { class: 'collection-link', href: shop.address(name) },
      element('strong', {}, title),
      element('span', { class: 'muted' }, fields.slice(0, 4).map((field) => field.title.toLowerCase()).join(', ')))))))
}
