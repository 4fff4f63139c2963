import { badge, proofBadge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { facts, pageHeader, panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { time } from '../components/time.js'
import { searchBox } from '../components/toolbar.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes, count, counted, duration } from '../format.js'
import { failureList, openVerify } from './backup-actions.js'
import { openRestore } from './restore.js'

const filesShown = 50

const columns = [
  { title: 'File', main: true, cell: (file) => [
    file.tenant ? element('a', { href: `#/tenants/${file.tenant.slug}` }, file.tenant.name) : 'Control plane',
    element('span', { class: 'sub' }, file.path)] },
  { title: 'Rows', align: 'end', cell: (file) => rows(file.rows ?? {}) },
  { title: 'Size', align: 'end', cell: (file) => bytes(file.bytes) },
  { title: 'Stored', align: 'end', cell: (file) => bytes(file.storedBytes) },
  { title: 'Copy', cell: (file) => (file.linked ? badge('unchanged') : badge('new', 'note')) },
  { title: 'SHA-256', minor: true, cell: (file) => element('code', { title: file.sha256 }, file.sha256.slice(0, 12)) },
]

/** One snapshot: its figures, its proof, and every file in it. */
export function backupPage({ api, params, signal }) {
  const place = loadInto({
    load: () => api.get(`/api/admin/backups/${encodeURIComponent(params.id)}`, { signal }),
    view: snapshotView,
  })
  const verify = () => openVerify({ api, id: params.id, onDone: place.reload })
  return element('div', { class: 'page' },
    pageHeader({ title: `Snapshot ${params.id}`, back: { href: '#/backups', label: 'Backups' }, actions: [
      button({ label: 'Verify…', icon: 'shield', onClick: verify }),
      button({ label: 'Restore…', icon: 'undo', onClick: () => openRestore({ api, point: params.id }) })] }),
    place.element, cliLine(commands.backupShow(params.id)))
}

function snapshotView(snapshot) {
  return element('div', { class: 'stack' },
    panel({ title: 'Snapshot' }, facts([
      ['Proof', element('span', { class: 'badges' }, proofBadge(snapshot), time(snapshot.verifiedAt, null))],
      ['Taken', time(snapshot.createdAt)],
      ['Reason', snapshot.reason.replace('-', ' ')],
      ['Took', duration(snapshot.seconds)],
      ['Tenants', `${count(snapshot.tenants)}, ${count(snapshot.linked)} unchanged`],
      ['Stored', `${bytes(snapshot.storedBytes)} of ${bytes(snapshot.bytes)}`],
    ]), failureList(snapshot.failures)),
    filesPanel(snapshot.files))
}

function filesPanel(files) {
  let word = ''
  const list = new PagedList({
    columns, caption: 'Files', noun: 'file',
    load: async (cursor) => slice(files.filter((file) => fits(file, word)), cursor),
    empty: () => emptyState({ icon: 'search', title: 'No file fits', text: 'Try another word.' }),
  })
  const search = (text) => {
    word = text.toLowerCase()
    list.reload({ isQuiet: true })
  }
  list.reload()
  const box = files.length > filesShown && searchBox({ label: 'Search files', onChange: search })
  return panel({ title: 'Files', actions: box }, list.element)
}

// The answer holds every file at once; they are shown in pages all the same.
function slice(files, cursor) {
  const start = cursor ?? 0
  const end = start + filesShown
  return { items: files.slice(start, end), nextCursor: end < files.length ? end : null, total: files.length }
}

function fits(file, word) {
  return [file.path, file.tenant?.name, file.tenant?.slug].some((text) => text?.toLowerCase().includes(word))
}

function rows(tables) {
  const total = Object.values(tables).reduce((sum, number) => sum + number, 0)
  const largest = Object.entries(tables).map(([name, number]) => `${name} ${count(number)}`).join('\n')
  return element('span', { title: largest }, counted(total, 'row'))
}
