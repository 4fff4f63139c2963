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
  backupList: () => line('backup list'),
  backupCreate: () => line('backup create'),
  backupShow: (id) => line('backup show', id),
  backupVerify: (id) => line('backup verify', id),
  restore: ({ tenant, snapshot, dryRun }) => line(
    'restore', ...(tenant ? ['--tenant', tenant] : []), '--snapshot', snapshot, ...(dryRun ? ['--dry-run'] : [])),
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

function line(verb, ...words) {
  return ['appliance', verb, ...words.map(quote)].join(' ')
}
