import { Api } from './api.js'
import { accountPage } from './pages/account.js'
import { alertsPage } from './pages/alerts.js'
import { apiKeysPage } from './pages/api-keys.js'
import { auditPage } from './pages/audit.js'
import { backupPage } from './pages/backup.js'
import { backupsPage } from './pages/backups.js'
import { invitationPage } from './pages/invitation.js'
import { loginPage } from './pages/login.js'
import { outboxPage } from './pages/outbox.js'
import { overviewPage } from './pages/overview.js'
import { ownCollectionsPage } from './pages/own-collections.js'
import { plansPage } from './pages/plans.js'
import { recoveryPage } from './pages/recovery.js'
import { recordImportPage } from './pages/record-import.js'
import { recordCreatePage, recordEditPage } from './pages/record-form.js'
import { recordPage } from './pages/record.js'
import { recordsPage } from './pages/records.js'
import { forgotPage, resetPage } from './pages/reset.js'
import { schedulePage } from './pages/schedule.js'
import { setupPage } from './pages/setup.js'
import { settingsPage } from './pages/settings.js'
import { flagsPage } from './pages/flags.js'
import { shopPlanPage } from './pages/shop-plan.js'
import { shopHomePage } from './pages/shop-home.js'
import { shopRestorePage } from './pages/shop-restore.js'
import { shopSettingsPage } from './pages/shop-settings.js'
import { signupPage } from './pages/signup.js'
import { tenantPage } from './pages/tenant.js'
import { tenantUsagePage } from './pages/tenant-usage.js'
import { tenantsPage } from './pages/tenants.js'
import { trashPage } from './pages/trash.js'
import { usersPage } from './pages/users.js'
import { Shell } from './shell.js'

/** Every route of the page. `section` names the entry of the menu that is marked as current. */
const routes = [
  { path: '/setup/:token', page: setupPage, title: 'Set up', audience: 'anyone' },
  { path: '/signup', page: signupPage, title: 'Start your shop', audience: 'anyone' },
  { path: '/login', page: loginPage, title: 'Sign in', audience: 'anyone' },
  { path: '/forgot', page: forgotPage, title: 'Forgotten password', audience: 'anyone' },
  { path: '/reset/:token', page: resetPage, title: 'New password', audience: 'anyone' },
  { path: '/invitation/:token', page: invitationPage, title: 'Invitation', audience: 'anyone' },
  { path: '/account', page: accountPage, title: 'Your account', audience: 'signed-in', section: 'account' },
  { path: '/overview', page: overviewPage, title: 'Overview', audience: 'operator', section: 'overview' },
  { path: '/alerts', page: alertsPage, title: 'Alerts', audience: 'operator', section: 'overview' },
  { path: '/tenants', page: tenantsPage, title: 'Tenants', audience: 'operator', section: 'tenants' },
  { path: '/tenants/:slug', page: tenantPage, title: 'Tenant', audience: 'operator', section: 'tenants' },
  { path: '/tenants/:slug/usage', page: tenantUsagePage, title: 'Usage', audience: 'operator', section: 'tenants' },
  ...shopRoutes('/tenants/:slug', { audience: 'operator', section: 'tenants' }),
  { path: '/trash', page: trashPage, title: 'Trash', audience: 'operator', section: 'tenants' },
  { path: '/backups', page: backupsPage, title: 'Backups', audience: 'operator', section: 'backups' },
  { path: '/backups/report', page: recoveryPage, title: 'Recovery report', audience: 'operator',
    section: 'backups' },
  { path: '/backups/:id', page: backupPage, title: 'Snapshot', audience: 'operator', section: 'backups' },
  { path: '/plans', page: plansPage, title: 'Plans', audience: 'operator', section: 'plans' },
  { path: '/flags', page: flagsPage, title: 'Feature flags', audience: 'operator', section: 'plans' },
  { path: '/schedule', page: schedulePage, title: 'Schedule', audience: 'operator', section: 'schedule' },
  { path: '/outbox', page: outboxPage, title: 'Outbox', audience: 'operator', section: 'outbox' },
  { path: '/settings', page: settingsPage, title: 'Settings', audience: 'operator', section: 'settings' },
  { path: '/shop/settings', page: shopSettingsPage, title: 'Shop settings', audience: 'shop', section: 'settings' },
  { path: '/shop/restore', page: shopRestorePage, title: 'Go back', audience: 'shop', section: 'restore' },
  { path: '/shop', page: shopHomePage, title: 'Shop', audience: 'shop', section: 'shop' },
  ...shopRoutes('/shop', { audience: 'shop' }),
]

// What a shop's own people and an operator who acts in it both see.
function shopRoutes(base, shared) {
  return [
    { path: `${base}/audit`, page: auditPage, title: 'Audit log', ...shared },
    { path: `${base}/plan`, page: shopPlanPage, title: 'Plan and usage', ...shared },
    { path: `${base}/api-keys`, page: apiKeysPage, title: 'API keys', ...shared },
    { path: `${base}/collections`, page: ownCollectionsPage, title: 'Your collections', ...shared },
    { path: `${base}/users`, page: usersPage, title: 'Users', ...shared },
    { path: `${base}/records`, page: shopHomePage, title: 'Records', ...shared },
    { path: `${base}/records/:collection`, page: recordsPage, title: 'Records', ...shared },
    { path: `${base}/records/:collection/new`, page: recordCreatePage, title: 'New record', ...shared },
    { path: `${base}/records/:collection/import`, page: recordImportPage, title: 'Import', ...shared },
    { path: `${base}/records/:collection/:id`, page: recordPage, title: 'Record', ...shared },
    { path: `${base}/records/:collection/:id/edit`, page: recordEditPage, title: 'Edit', ...shared },
  ]
}

const shell = new Shell({ routes, root: document.querySelector('#app') })
shell.start(new Api({
  onSignedOut: () => shell.signedOut(),
  onConnection: (isReachable) => shell.connection(isReachable),
}))
