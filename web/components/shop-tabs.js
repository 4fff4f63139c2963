import { element } from '../dom.js'

/** What there is in a shop, as links beside each other: for an operator who looks into one. */
export function shopTabs(shop) {
  const current = location.hash.split('?')[0]
  const isCurrent = (href) => current === href || current.startsWith(`${href}/`)
  return element('nav', { class: 'tabs', 'aria-label': `In ${shop.name}` }, element('ul', {},
    element('li', {}, element('a', { href: `#/tenants/${shop.slug}` }, `← ${shop.name}`)),
    shopLinks(shop).map(({ label, href }) => element('li', {},
      element('a', { href, 'aria-current': isCurrent(href) ? 'page' : null }, label)))))
}

/** The pages of a shop that this user may open. */
export function shopLinks(shop) {
  return [
    ...shop.collections.map(({ name, title }) => ({ label: title, href: shop.address(name), icon: 'box' })),
    { label: 'Plan and usage', href: `#${shop.base}/plan`, icon: 'gauge' },
    ...(shop.managesUsers ? [{ label: 'Your collections', href: `#${shop.base}/collections`, icon: 'columns' },
      { label: 'Users', href: `#${shop.base}/users`, icon: 'people' },
      { label: 'API keys', href: `#${shop.base}/api-keys`, icon: 'key' },
      { label: 'Audit log', href: `#${shop.base}/audit`, icon: 'history' }] : []),
    ...(shop.role === 'owner' ? [{ label: 'Go back', href: '#/shop/restore', icon: 'undo' }] : []),
    ...(shop.managesUsers && !shop.isActing
      ? [{ label: 'Shop settings', href: '#/shop/settings', icon: 'sliders' }] : []),
  ]
}
