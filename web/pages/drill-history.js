import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { chart } from '../components/chart.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { table } from '../components/table.js'
import { second, time } from '../components/time.js'
import { openWorkDialog } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes, counted, duration, localDay } from '../format.js'

const shown = 200
const listed = 30

/** What restoring into scratch took and brought, drill after drill, drawn; and a drill at the press of a button. */
export function drillHistory({ api, signal, onDrilled }) {
  const place = loadInto({
    load: () => api.get('/api/admin/drills', { signal, query: { limit: shown } }), view: ({ items }) => history(items) })
  const drill = () => openDrill({ api, onDone: () => {
    place.reload()
    onDrilled()
  } })
  return panel({ title: 'Restore drills', actions: button({ label: 'Drill now…', icon: 'shield', onClick: drill }) },
    element('p', { class: 'muted' },
      'Each night some tenants, drawn by lot, are restored into a scratch folder: the newest snapshot, and a second '
      + 'by lot of the change log.'),
    place.element)
}

function history(items) {
  if (items.length === 0) {
    return emptyState({ icon: 'shield', title: 'No drill yet', text: 'The first is tonight. You need not wait for it.' })
  }
  const points = items.toReversed().map(({ at, seconds, tenant, ok, problem }) => (
    { at, value: seconds, tone: ok ? 'good' : 'bad', note: ok ? tenant : `${tenant}: ${problem}` }))
  return element('div', { class: 'stack' },
    chart({ title: `Last ${counted(items.length, 'drill')}: seconds each`, shape: 'bars', size: 'small', points,
      show: duration, latest: element('span', { class: 'badges' }, badge('whole', 'good'), badge('failed', 'bad')),
      timeLabels: [localDay(points[0].at), localDay(points.at(-1).at)] }),
    table({ caption: 'Drills', items: items.slice(0, listed), columns: [
      { title: 'Tenant', main: true, cell: ({ tenant }) => tenant },
      { title: 'Result', cell: ({ ok, problem }) => (ok ? badge('whole', 'good', 'check')
        : [badge('failed', 'bad', 'warn'), element('span', { class: 'sub' }, problem)]) },
      { title: 'At', cell: ({ at }) => time(at) },
      { title: 'State of', minor: true, cell: ({ stateAt }) => second(stateAt) },
      { title: 'From', minor: true, cell: ({ source }) => source },
      { title: 'Size', align: 'end', cell: (drill) => bytes(drill.bytes) },
      { title: 'Took', align: 'end', cell: ({ seconds }) => duration(seconds) },
    ] }))
}

function openDrill({ api, onDone }) {
  openWorkDialog({
    title: 'Drill', command: commands.backupDrill(), startLabel: 'Drill every tenant', onDone,
    intro: 'Every tenant is restored into a scratch folder, checked and measured. What is live stays untouched.',
    run: (onProgress) => api.post('/api/admin/drills', {}, { onProgress }),
    result: ({ items }) => {
      const failed = items.filter(({ ok }) => !ok)
      return [
        element('p', { class: 'result' }, failed.length === 0 ? badge('whole', 'good', 'check')
          : badge(`${counted(failed.length, 'failure')}`, 'bad', 'warn'), ` ${counted(items.length, 'tenant')} drilled.`),
        element('ul', { class: 'issues' }, failed.map(({ tenant, problem }) => (
          element('li', { class: 'issue tone-bad' }, element('strong', {}, tenant), ` ${problem}`))))]
    },
  })
}
