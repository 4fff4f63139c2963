import { badge, proofBadge } from '../components/badge.js'
import { button, buttonLink } from '../components/button.js'
import { chart } from '../components/chart.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader, panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { time } from '../components/time.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes, counted, duration, localDay } from '../format.js'
import { openCreateSnapshot } from './backup-actions.js'
import { openRestore } from './restore.js'
import { restorePoints } from './restore-points.js'
import { restoresPanel } from './restores.js'

const pageSize = 50

const columns = [
  { title: 'Snapshot', main: true, cell: (snapshot) => [
    element('a', { href: `#/backups/${snapshot.id}` }, time(snapshot.createdAt)),
    element('span', { class: 'sub' }, snapshot.id)] },
  { title: 'Proof', cell: proofBadge },
  { title: 'Reason', cell: (snapshot) => snapshot.reason.replace('-', ' ') },
  { title: 'Tenants', align: 'end', cell: (snapshot) => snapshot.tenants },
  { title: 'Unchanged', minor: true, align: 'end', cell: (snapshot) => snapshot.linked },
  { title: 'Size', align: 'end', cell: (snapshot) => bytes(snapshot.bytes) },
  { title: 'Stored', align: 'end', cell: (snapshot) => bytes(snapshot.storedBytes) },
  { title: 'Took', minor: true, align: 'end', cell: (snapshot) => duration(snapshot.seconds) },
]

/** All snapshots, newest first, with what each of them cost drawn over time. */
export function backupsPage({ api, signal }) {
  const drawn = element('div', { class: 'stack' })
  const reload = () => { list.reload(); restores.reload() }
  const restore = (point) => openRestore({ api, point, onDone: reload })
  const draw = (items) => drawn.replaceChildren(...points(items, restore), ...sizes(items))
  const list = snapshotList({ api, signal, draw, create: () => create() })
  const create = () => openCreateSnapshot({ api, onDone: () => list.reload({ isQuiet: true }) })
  const restores = restoresPanel({ api, signal, onDone: reload })
  list.reload()
  return element('div', { class: 'page' },
    pageHeader({ title: 'Backups',
      lead: 'A snapshot counts once it is proved: restored into a scratch folder and checked there.',
      actions: [
        buttonLink({ label: 'Recovery report', icon: 'shield', href: '#/backups/report' }),
        button({ label: 'Restore…', icon: 'undo', onClick: () => restore() }),
        button({ label: 'Create snapshot', icon: 'plus', primary: true, onClick: create })] }),
    drawn, list.element, cliLine(commands.backupList()), restores.element)
}

function snapshotList({ api, signal, draw, create }) {
  return new PagedList({
    columns, caption: 'Snapshots', noun: 'snapshot',
    load: async (cursor) => {
      const page = await api.get('/api/admin/backups', { signal, query: { cursor, limit: pageSize } })
      if (!cursor) draw(page.items)
      return page
    },
    empty: () => emptyState({ icon: 'archive', title: 'No snapshots yet',
      text: 'One is taken every hour by itself. You need not wait for it.',
      action: button({ label: 'Create the first snapshot', icon: 'plus', onClick: create }) }),
  })
}

function points(items, restore) {
  return items.length > 0 ? [restorePoints({ snapshots: items, restore })] : []
}

function sizes(items) {
  if (items.length < 2) return []
  const points = items.toReversed().map((snapshot) => ({ at: snapshot.createdAt, value: snapshot.storedBytes,
    tone: tone(snapshot), note: snapshot.verified ? 'proved' : 'not proved' }))
  return [panel({ title: 'Stored by each snapshot' }, chart({
    title: `Last ${counted(items.length, 'snapshot')}`, shape: 'bars', size: 'small', base: 1024, points, show: bytes,
    latest: element('span', { class: 'badges' }, badge('proved', 'accent'), badge('not proved', 'warn')),
    timeLabels: [localDay(points[0].at), localDay(points.at(-1).at)] }))]
}

function tone(snapshot) {
  if (snapshot.failures?.length > 0) return 'bad'
  return snapshot.verified ? 'accent' : 'warn'
}
