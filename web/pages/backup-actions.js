import { badge, proofBadge } from '../components/badge.js'
import { facts } from '../components/page-header.js'
import { openWorkDialog } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes, count, counted, duration } from '../format.js'

/** Takes a snapshot now and shows what it holds. */
export function openCreateSnapshot({ api, onDone }) {
  openWorkDialog({
    title: 'Create a snapshot', command: commands.backupCreate(), startLabel: 'Create snapshot', onDone,
    intro: 'Every tenant that changed is copied while it goes on working, then the copy is proved.',
    run: (onProgress) => api.post('/api/admin/backups', {}, { onProgress }),
    result: (snapshot) => [
      element('p', { class: 'result' }, proofBadge(snapshot), ` Snapshot ${snapshot.id}`),
      facts([
        ['Tenants', `${count(snapshot.tenants)}, ${count(snapshot.linked)} unchanged`],
        ['Stored', `${bytes(snapshot.storedBytes)} of ${bytes(snapshot.bytes)}`],
        ['Took', duration(snapshot.seconds)],
      ]),
      failureList(snapshot.failures)],
  })
}

/** Restores a snapshot into a scratch folder and checks it there; nothing live is touched. */
export function openVerify({ api, id, onDone }) {
  openWorkDialog({
    title: 'Verify the snapshot', command: commands.backupVerify(id), startLabel: 'Verify', onDone,
    intro: 'Every file is unpacked into a scratch folder, its checksum, integrity and row counts checked. '
      + 'What is live stays untouched.',
    run: (onProgress) => api.post(`/api/admin/backups/${encodeURIComponent(id)}/verify`, {}, { onProgress }),
    result: verdict,
  })
}

/** Files that were not copied, each with its reason. */
export function failureList(failures = []) {
  if (failures.length === 0) return null
  return element('ul', { class: 'issues' }, failures.map(({ tenant, reason }) => (
    element('li', { class: 'issue tone-bad' }, element('strong', {}, tenant), ` ${reason}`))))
}

function verdict({ verified, seconds, problems }) {
  if (verified) {
    return element('p', { class: 'result' }, badge('proved', 'good', 'check'),
      ` Every file can be restored. It took ${duration(seconds)}.`)
  }
  return [
    element('p', { class: 'result' }, badge('damaged', 'bad', 'warn'),
      ` ${counted(problems.length, 'problem')} found. Do not count on this snapshot.`),
    element('ul', { class: 'issues' }, problems.map(({ path, reason }) => (
      element('li', { class: 'issue tone-bad' }, element('code', {}, path), ` ${reason}`)))),
  ]
}
