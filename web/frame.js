import { button } from './components/button.js'
import { icon } from './components/icon.js'
import { element } from './dom.js'
import { themeToggle } from './theme.js'

const operatorMenu = [
  { section: 'overview', label: 'Overview', icon: 'gauge' },
  { section: 'tenants', label: 'Tenants', icon: 'shops' },
  { section: 'backups', label: 'Backups', icon: 'archive' },
  { section: 'schedule', label: 'Schedule', icon: 'clock' },
  { section: 'outbox', label: 'Outbox', icon: 'mail' },
]
const shopMenu = [{ section: 'shop', label: 'Records', icon: 'shops' }]

/** What stays while pages come and go: brand, menu and account, beside the one `main`. */
export function frame({ session, onSignOut }) {
  const main = element('main', { id: 'main', tabindex: '-1' })
  const links = new Map(menuFor(session).map((item) => [item.section, menuLink(item)]))
  const header = session ? signedInHeader(session, links, onSignOut) : signedOutHeader()
  return {
    session,
    parts: [header, main],
    show(page, section) {
      main.replaceChildren(page)
      header.classList.remove('menu-open')
      header.querySelector('.menu-button')?.setAttribute('aria-expanded', 'false')
      for (const [name, link] of links) mark(link, name === section)
    },
  }
}

function menuFor(session) {
  if (!session) return []
  return session.user.role === 'operator' ? operatorMenu : shopMenu
}

function menuLink({ section, label, icon: name }) {
  const href = `#/${section}`
  return element('a', { class: 'menu-link', href, onClick: () => showAgain(href) }, icon(name), label)
}

// The entry of the page one is on: the address does not change, and a fresh look is what is wanted.
function showAgain(href) {
  if (location.hash === href) dispatchEvent(new HashChangeEvent('hashchange'))
}

function mark(link, isCurrent) {
  if (isCurrent) link.setAttribute('aria-current', 'page')
  else link.removeAttribute('aria-current')
}

function signedOutHeader() {
  return element('header', { class: 'frame-header frame-header-plain' }, brand('#/login'), themeToggle())
}

function signedInHeader(session, links, onSignOut) {
  return element('header', { class: 'frame-header' },
    brand('#/'), menuButton(),
    element('div', { class: 'frame-menu', id: 'frame-menu' },
      element('nav', { 'aria-label': 'Main' }, element('ul', { class: 'menu' },
        [...links.values()].map((link) => element('li', {}, link)))),
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
      element('strong', {}, user.name || user.email),
      element('span', {}, tenant ? `${user.role} of ${tenant.name}` : user.role)),
    themeToggle(),
    button({ label: 'Sign out', icon: 'leave', quiet: true, onClick: onSignOut }))
}
