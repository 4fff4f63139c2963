import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { loading, problemNotice } from '../components/states.js'
import { shopTabs } from '../components/shop-tabs.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { valueNode } from '../records/values.js'
import { openCreateUser, openDisable, openEnable, openResetPassword, openRole } from './user-actions.js'
import { rolesPanel } from './user-roles.js'

/** The people of a shop, for its owners and admins, and for an operator who acts in it. */
export function usersPage({ shops, params, session, signal }) {
  const page = element('div', { class: 'page' }, pageHeader({ title: 'Users' }), loading())
  const read = async () => {
    try {
      show(page, await shops.open(params.slug), session, signal)
    } catch (error) {
      page.replaceChildren(page.firstChild, problemNotice(ApplianceProblem.from(error), { reload: read }))
    }
  }
  read()
  return page
}

function show(page, shop, session, signal) {
  const hadFocus = page.contains(document.activeElement)
  const list = userList({ shop, session, signal, onChange: () => list.reload({ isQuiet: true }) })
  const header = pageHeader({ title: 'Users', lead: `Who may sign in to ${shop.name}, and what they may do there.`,
    actions: [button({ label: 'New user', icon: 'plus', primary: true,
      onClick: () => openCreateUser({ shop, session, onChange: () => list.reload({ isQuiet: true }) }) })] })
  list.reload()
  page.replaceChildren(...[shop.isActing && shopTabs(shop), header, list.element, rolesPanel(),
    cliLine(commands.userList(shop))].filter(Boolean))
  if (hadFocus) header.querySelector('h1').focus({ preventScroll: true })
}

function userList({ shop, session, signal, onChange }) {
  const columns = [
    { title: 'Email', main: true, cell: (user) => [user.email,
      user.id === session.user.id && element('span', { class: 'sub' }, 'you')] },
    { title: 'Name', cell: (user) => user.name || '–' },
    { title: 'Role', cell: (user) => badge(user.role, user.role === 'owner' ? 'accent' : 'plain') },
    { title: 'Status', cell: (user) => badge(user.status, user.status === 'active' ? 'good' : 'warn') },
    { title: 'Created', minor: true, cell: (user) => valueNode(shop, { name: 'createdAt', type: 'instant' }, user) },
    { title: 'Actions', cell: (user) => actions({ shop, session, user, onChange }) },
  ]
  return new PagedList({
    columns, caption: 'Users', noun: 'user', load: () => shop.get('/api/users', { signal }),
    empty: () => element('p', { class: 'muted' }, 'Nobody can sign in to this shop yet.'),
  })
}

// Each says whose button it is, because a screen reader may list them without their rows.
function actions({ shop, session, user, onChange }) {
  const act = (label, open) => {
    const node = button({ label, small: true, onClick: () => open({ shop, session, user, onChange }) })
    node.setAttribute('aria-label', `${label} ${user.email}`)
    return node
  }
  const isActive = user.status === 'active'
  return element('span', { class: 'actions' }, act('Role…', openRole), act('Password…', openResetPassword),
    isActive ? act('Disable…', openDisable) : act('Enable…', openEnable))
}
