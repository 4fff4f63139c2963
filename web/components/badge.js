import { element } from '../dom.js'
import { icon } from './icon.js'

/** A short state. The word carries the meaning, colour and icon only repeat it. */
export function badge(label, tone = 'plain', name = null) {
  return element('span', { class: `badge badge-${tone}` }, name && icon(name), label)
}

export const tenantTones = { trialing: 'note', active: 'good', past_due: 'warn', suspended: 'bad', cancelled: 'bad',
  deleted: 'plain' }
const runTones = { running: 'note', succeeded: 'good', failed: 'bad' }

/** “past_due” as people write it. */
export const words = (name) => name.replaceAll(/[_-]/g, ' ')

/** Status of a tenant; a quarantined file is said as well, because the tenant is then read-only. */
export function tenantBadges(tenant) {
  return element('span', { class: 'badges' },
    badge(words(tenant.status), tenantTones[tenant.status]),
    tenant.storage?.state === 'quarantined' && badge('quarantined', 'warn', 'warn'))
}

export const runBadge = (run) => badge(run.status, runTones[run.status])

/** A snapshot counts only once it was restored into a scratch folder and checked. */
export function proofBadge(snapshot) {
  if (snapshot.verified) return badge('proved', 'good', 'check')
  if (snapshot.failures?.length > 0) return badge('incomplete', 'bad', 'warn')
  return badge('not proved', 'warn', 'warn')
}
