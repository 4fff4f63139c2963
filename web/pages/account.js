import { pageHeader } from '../components/page-header.js'
import { identitiesPanel } from './account-identities.js'
import { passwordPanel } from './account-password.js'
import { sessionsPanel } from './account-sessions.js'
import { totpPanel } from './account-totp.js'
import { element } from '../dom.js'

/** Whoever is signed in: where, and with what. */
export function accountPage(context) {
  const { user, tenant } = context.session
  return element('div', { class: 'page' },
    pageHeader({ title: 'Your account',
      lead: tenant ? `${user.email}, ${user.roleTitle ?? user.role} of ${tenant.name}` : user.email }),
    sessionsPanel(context), passwordPanel(context), totpPanel(context), identitiesPanel(context))
}
