import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { PagedList } from '../components/paged-list.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { valueNode } from '../records/values.js'
import { ownRolesPanel } from './own-roles.js'
import { shopPage } from './shop-page.js'
import { openCreateUser, openDisable, openEnable, openResetLink, openResetPassword, openRole,
  openSessions } from './user-actions.js'
import { invitationsPanel, openInvite } from './user-invitations.js'
import { rolesPanel } from './user-roles.js'

/** The people of a shop, for its owners and admins, and for an operator who acts in it. */
export function usersPage(context) {
  return shopPage(context, { title: 'Users', view: ({ shop }) => usersView({ ...context, shop }) })
}

function usersView({ shop, session, signal }) {
  const onChange = () => {
    list.reload({ isQuiet: true })
    own.reload()
  }
  const matrix = rolesPanel({ shop, signal })
  const own = ownRolesPanel({ shop, signal, onChange: matrix.reload })
  const list = userList({ shop, session, signal, onChange, own: own.roles })
  const invitations = invitationsPanel({ shop, signal, onChange: own.reload })
  const onInvited = () => {
    invitations.reload()
    own.reload()
  }
  list.reload()
  return {
    title: 'Users', lead: `Who may sign in to ${shop.name}, and what they may do there.`,
    actions: [
      button({ label: 'New user', icon: 'plus',
        onClick: () => openCreateUser({ shop, session, onChange, own: own.roles() }) }),
      button({ label: 'Invite', icon: 'mail', primary: true,
        onClick: () => openInvite({ shop, session, onChange: onInvited, own: own.roles() }) })],
    parts: [list.element, cliLine(commands.userList(shop)), invitations.element, own.element, matrix.element],
  }
}

function userList({ shop, session, signal, onChange, own }) {
  const columns = [
    { title: 'Email', main: true, cell: (user) => [user.email,
      user.id === session.user.id && element('span', { class: 'sub' }, 'you')] },
    { title: 'Name', cell: (user) => user.name || '–' },
    { title: 'Role', cell: (user) => badge(user.role, user.role === 'owner' ? 'accent' : 'plain') },
    { title: 'Status', cell: (user) => badge(user.status, user.status === 'active' ? 'good' : 'warn') },
    { title: 'Created', minor: true, cell: (user) => valueNode(shop, { name: 'createdAt', type: 'instant' }, user) },
    { title: 'Actions', cell: (user) => actions({ shop, session, user, onChange, own }) },
  ]
  return new PagedList({
    columns, caption: 'Users', noun: 'user', load: () => shop.get('/api/users', { signal }),
    empty: () => element('p', { class: 'muted' }, 'Nobody can sign in to this shop yet.'),
  })
}

// Each says whose button it is, because a screen reader may list them without their rows.
function actions({ shop, session, user, onChange, own }) {
  const act = (label, open) => {
    const node = button({ label, small: true, onClick: () => open({ shop, session, user, onChange, own: own() }) })
    node.setAttribute('aria-label', `${label} ${user.email}`)
    return node
  }
  const isActive = user.status === 'active'
  return element('span', { class: 'actions' }, act('Role…', openRole), act('Password…', openResetPassword),
    isActive && act('Reset link…', openResetLink), act('Sessions…', openSessions),
    isActive ? act('Disable…', openDisable) : act('Enable…', openEnable))
}
