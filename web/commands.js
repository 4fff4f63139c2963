/** The command line that does the same as each action of the page, in one table. */
export const commands = {
  tenantList: () => line('tenant list'),
  tenantShow: (slug) => line('tenant show', slug),
  tenantCreate: ({ slug, name, plan, trialDays, modules, timeZone, currency, ownerEmail }) => line(
    'tenant create', slug || 'SLUG', '--name', name || 'NAME', '--plan', plan, '--trial-days', trialDays,
    ...(modules.length > 0 ? ['--modules', modules.join(',')] : []),
    '--time-zone', timeZone, '--currency', currency, '--owner-email', ownerEmail || 'EMAIL'),
  tenantSuspend: (slug, reason) => line('tenant suspend', slug, '--reason', reason || 'REASON'),
  tenantActivate: (slug) => line('tenant activate', slug),
  tenantMove: (slug, verb, { days, paidUntil, at, now, reason }) => line(
    `tenant ${verb}`, slug, ...(days ? ['--days', days] : []), ...(paidUntil ? ['--paid-until', paidUntil] : []),
    ...(at ? ['--at', at] : []), ...(now ? ['--now'] : []),
    ...(reason || verb === 'cancel' ? ['--reason', reason || 'REASON'] : [])),
  tenantChangePlan: (slug, plan) => line('tenant change-plan', slug, '--plan', plan),
  signingKeyRotate: (immediately) => line('signing-key rotate', ...(immediately ? ['--immediately'] : [])),
  secretsRotate: () => line('secrets rotate'),
  usageShow: (shop) => line('usage show', ...inShop(shop)),
  flagList: () => line('flag list'),
  flagSet: ({ name, state, scope, subject, until }) => line('flag set', name || 'NAME', state,
    ...(scope === 'all' ? [] : [`--${scope}`, subject || scope.toUpperCase()]), ...(until ? ['--until', until] : [])),
  planList: () => line('plan list'),
  planCreate: ({ name, title, prices, limits, features, agents, isOffered }) => line('plan create', name || 'NAME',
    '--title', title || 'TITLE',
    ...prices.flatMap(({ amount, currency, interval }) => ['--price', `${amount}:${currency}:${interval}`]),
    ...Object.entries(limits).flatMap(([limit, value]) => ['--limit', `${limit}=${value ?? 'none'}`]),
    ...features.flatMap((feature) => ['--feature', feature]), '--agents', agents?.join(',') || 'all',
    isOffered ? '--offered' : '--no-offered'),
  tenantActAs: (slug, email, { reason, minutes, write }) => line(
    'tenant act-as', slug, '--operator', email, '--reason', reason || 'REASON', '--minutes', minutes,
    ...(write.length > 0 ? ['--write'] : [])),
  settingsList: () => line('settings list'),
  providerList: () => line('identity-provider list'),
  providerSave: ({ name, kind, issuer, clientId, clientSecret, label, audience, state }, before) => line(
    before ? 'identity-provider change' : 'identity-provider create', name || 'NAME',
    ...(before || kind === 'oidc' ? [] : ['--kind', kind]), ...(issuer ? ['--issuer', issuer] : []),
    ...(clientId ? ['--client-id', clientId] : []), ...(clientSecret || !before ? ['--secret-file', 'FILE'] : []),
    ...(label ? ['--label', label] : []), '--audience', audience, ...(state ? ['--state', state] : [])),
  providerDelete: ({ name }) => line('identity-provider delete', name),
  tenantDelete: (slug) => line('tenant delete', slug),
  tenantTrash: () => line('tenant trash'),
  tenantUndelete: (slug) => line('tenant undelete', slug),
  tenantPurge: (slug) => line('tenant purge', slug),
  backupList: () => line('backup list'),
  backupCreate: () => line('backup create'),
  backupShow: (id) => line('backup show', id),
  backupVerify: (id) => line('backup verify', id),
  backupReport: () => line('backup report'),
  backupDrill: () => line('backup drill'),
  alertList: () => line('alert list'),
  restore: ({ tenant, snapshot, at, as, dryRun }) => line(
    'restore', ...(tenant ? ['--tenant', tenant] : []), ...(at ? ['--at', at] : ['--snapshot', snapshot]),
    ...(as ? ['--as', as] : []), ...(dryRun ? ['--dry-run'] : [])),
  recordList: (shop, { name }, pairs) => line('record list', name, ...inShop(shop), ...pairs.map(assignment)),
  recordShow: (shop, { name }, id) => line('record show', name, id, ...inShop(shop)),
  recordCreate: (shop, { name }, values) => line('record create', name, JSON.stringify(values), ...inShop(shop)),
  recordChange: (shop, { name }, id, values) => line(
    'record change', name, id, JSON.stringify(values), ...inShop(shop)),
  recordErase: (shop, { name }, id, reason) => line('record erase', name, id, ...inShop(shop),
    '--reason', reason || 'REASON'),
  outboxHeld: () => line('outbox list', '--status', 'held'),
  recordDelete: (shop, { name }, id) => line('record delete', name, id, ...inShop(shop)),
  recordImport: (shop, { name }, { file, map, upsert }) => line(
    'import', file || 'FILE', ...inShop(shop), '--collection', name,
    ...map.flatMap((pair) => ['--map', pair]), ...(upsert ? ['--upsert', upsert] : [])),
  userList: (shop) => line('user list', ...inShop(shop)),
  userCreate: (shop, { email, name, role }) => line('user create', email || 'EMAIL', ...inShop(shop), '--role', role,
    ...(name ? ['--name', name] : [])),
  userSetRole: (shop, { email }, role) => line('user set-role', email, role, ...inShop(shop)),
  userEnable: (shop, { email }) => line('user enable', email, ...inShop(shop)),
  userDisable: (shop, { email }) => line('user disable', email, ...inShop(shop)),
  userResetPassword: (shop, { email }) => line('user reset-password', email, ...inShop(shop)),
  roleList: (shop) => line('role list', ...inShop(shop)),
  roleCreate: (shop, role) => line('role create', role.name || 'NAME', ...inShop(shop), ...rights(role)),
  roleChange: (shop, role) => line('role change', role.name, ...inShop(shop), ...rights(role)),
  collectionList: (shop) => line('collection list', ...inShop(shop)),
  collectionApply: (shop, name, isDry = false) => line('collection apply', `${name || 'NAME'}.json`, ...inShop(shop),
    ...(isDry ? ['--dry-run'] : [])),
  collectionDelete: (shop, { name }) => line('collection delete', name, ...inShop(shop), '--yes'),
  roleDelete: (shop, { name }) => line('role delete', name, ...inShop(shop)),
  keyList: (shop) => line('api-key list', ...inShop(shop)),
  keyCreate: (shop, { name, scopes = [], role, expiresInDays }) => line('api-key create', name || 'NAME',
    ...inShop(shop), ...scopes.flatMap((scope) => ['--scope', scope]), '--role', role,
    ...(expiresInDays ? ['--expires-in-days', expiresInDays] : [])),
  keyRevoke: (shop, { id }) => line('api-key revoke', id, ...inShop(shop)),
  userInvite: (shop, { email, name, role }) => line('user invite', email || 'EMAIL', ...inShop(shop), '--role', role,
    ...(name ? ['--name', name] : [])),
  userInvitations: (shop) => line('user invitations', ...inShop(shop)),
  userRevokeInvitation: (shop, { id }) => line('user revoke-invitation', id, ...inShop(shop)),
  userResetLink: (shop, { email }) => line('user reset-link', email, ...inShop(shop)),
  userSignOut: (shop, { email }) => line('user sign-out', email, ...inShop(shop)),
  restoreRecords: ({ tenant, collection, ids, at, snapshot, deletedFrom, deletedUntil, onConflict }) => line(
    'restore', '--tenant', tenant, '--collection', collection,
    ...(ids ? ['--ids', ids.join(',')] : ['--deleted-between', `${deletedFrom},${deletedUntil}`]),
    ...(at ? ['--at', at] : []), ...(snapshot && snapshot !== 'latest' ? ['--snapshot', snapshot] : []),
    ...(onConflict === 'replace' ? ['--on-conflict', 'replace'] : [])),
  restoreList: () => line('restore list'),
  restoreUndo: (restore) => line('restore undo', restore),
  scheduleList: () => line('schedule list'),
  scheduleRun: (name) => line('schedule run', name),
  newSetupLink: () => line('init'),
  doctor: () => line('doctor'),
}

/** Quotes one word for a POSIX shell. A reason such as `$(reboot)` would else be run by whoever pastes the line. */
export function quote(word) {
  const text = String(word)
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`
}

const inShop = ({ slug }) => ['--tenant', slug]
// What a role may do, and what it may do no longer.
function rights({ title, base, collections }) {
  const closed = Object.keys(collections).filter((name) => collections[name] === null)
  return [...(title ? ['--title', title] : []), '--base', base,
    ...Object.entries(collections).flatMap(([name, may]) => (may ? ['--allow', `${name}:${may.join(',')}`] : [])),
    ...(closed.length > 0 ? ['--close', closed.join(',')] : [])]
}

const assignment = ([name, value]) => `${name}=${value}`

function line(verb, ...words) {
  return ['appliance', verb, ...words.map(quote)].join(' ')
}
