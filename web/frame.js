import { button } from './components/button.js'
import { icon } from './components/icon.js'
import { shopNotices } from './components/shop-notices.js'
import { shopLinks } from './components/shop-tabs.js'
import { element } from './dom.js'
import { themeToggle } from './theme.js'

const operatorMenu = [
  { section: 'overview', label: 'Overview', icon: 'gauge' },
  { section: 'tenants', label: 'Tenants', icon: 'shops' },
  { section: 'plans', label: 'Plans', icon: 'tag' },
  { section: 'backups', label: 'Backups', icon: 'archive' },
  { section: 'schedule', label: 'Schedule', icon: 'clock' },
  { section: 'outbox', label: 'Outbox', icon: 'mail' },
  { section: 'settings', label: 'Settings', icon: 'sliders' },
]
const shopHome = { section: 'shop', label: 'Overview', icon: 'shops' }

/** What stays while pages come and go: brand, menu and account, beside the one `main`. */
export function frame({ api, session, shops, onSignOut }) {
  const main = element('main', { id: 'main', tabindex: '-1' })
  const menu = element('ul', { class: 'menu' })
  const header = session ? signedInHeader(session, menu, onSignOut) : signedOutHeader()
  const notices = session?.tenant ? shopNotices({ api }) : null
  let current = null
  const fill = (items) => {
    menu.replaceChildren(...items.map((item) => element('li', {}, menuLink(item))))
    markCurrent(menu, current)
  }
  if (session) {
    fillMenu({ session, shops, fill })
    shops.onForget = () => fillMenu({ session, shops, fill })
  }
  return {
    session,
    parts: [header, main],
    show(page, section) {
      main.replaceChildren(...[notices, page].filter(Boolean))
      header.classList.remove('menu-open')
      header.querySelector('.menu-button')?.setAttribute('aria-expanded', 'false')
      current = section
      markCurrent(menu, section)
    },
  }
}

// A shop's own menu lists its collections, which have to be read first.
async function fillMenu({ session, shops, fill }) {
  if (session.user.role === 'operator') return fill(operatorMenu)
  fill([shopHome])
  const shop = await shops.open().catch(() => null)
  if (shop) fill([shopHome, ...shopLinks(shop).map(({ label, href, icon: name }) => (
    { section: href.replace(`#${shop.base}/`, ''), label, icon: name, href }))])
}

function menuLink({ section, label, icon: name, href = `#/${section}` }) {
  return element('a', { class: 'menu-link', href, 'data-section': section, onClick: () => showAgain(href) },
    icon(name), label)
}

// The entry of the page one is on: the address does not change, and a fresh look is what is wanted.
function showAgain(href) {
  if (location.hash === href) dispatchEvent(new HashChangeEvent('hashchange'))
}

function markCurrent(menu, section) {
  for (const link of menu.querySelectorAll('a')) {
    if (link.dataset.section === section) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
}

function signedOutHeader() {
  return element('header', { class: 'frame-header frame-header-plain' }, brand('#/login'), themeToggle())
}

function signedInHeader(session, menu, onSignOut) {
  return element('header', { class: 'frame-header' },
    brand('#/'), menuButton(),
    element('div', { class: 'frame-menu', id: 'frame-menu' },
      element('nav', { 'aria-label': 'Main' }, menu),
      account(session, onSignOut)))
}

function brand(href) {
  return element('a', { class: 'brand', href },
    element('img', { src: '/admin/logo.svg', alt: '', width: '28', height: '28' }), 'Appliance')
}

// Only seen on a narrow window, where the menu folds away.
function menuButton() {
  const toggle = button({ label: 'Menu', icon: 'menu', quiet: true, onClick: () => {
    const isOpen = toggle.closest('header').classList.toggle('menu-open')
    toggle.setAttribute('aria-expanded', String(isOpen))
  } })
  toggle.classList.add('menu-button')
  toggle.setAttribute('aria-expanded', 'false')
  toggle.setAttribute('aria-controls', 'frame-menu')
  return toggle
}

function account({ user, tenant }, onSignOut) {
  return element('div', { class: 'account' },
    element('p', { class: 'account-name' },
      element('a', { href: '#/account', 'data-section': 'account' }, user.name || user.email),
      element('span', {}, tenant ? `${user.roleTitle ?? user.role} of ${tenant.name}` : user.role)),
    themeToggle(),
    button({ label: 'Sign out', icon: 'leave', quiet: true, onClick: onSignOut }))
}
