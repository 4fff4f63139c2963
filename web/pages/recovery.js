import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { facts, pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { table } from '../components/table.js'
import { ago, second, time } from '../components/time.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes, counted, duration } from '../format.js'
import { drillHistory } from './drill-history.js'

const columns = [
  { title: 'Tenant', main: true, cell: (line) => [
    element('a', { href: `#/tenants/${line.tenant}` }, line.name),
    element('span', { class: 'sub' }, `${line.tenant} · ${bytes(line.bytes)}`)] },
  { title: 'State', cell: ({ breaches }) => (breaches.length === 0
    ? badge('kept', 'good', 'check') : [badge('broken', 'bad', 'warn'), element('span', { class: 'sub' }, breaches.join('; '))]) },
  { title: 'Restorable from', cell: (line) => time(line.restorableFrom) },
  { title: 'To', cell: (line) => ago(line.restorableTo) },
  { title: 'Lost now', align: 'end', cell: (line) => duration(line.wouldLoseSeconds) },
  { title: 'At most', align: 'end', cell: (line) => duration(line.recoveryPointSeconds) },
  { title: 'Back within', align: 'end',
    cell: (line) => (line.recoveryTimeSeconds === null ? '–' : duration(line.recoveryTimeSeconds)) },
  { title: 'Proved', cell: (line) => ago(line.provedAt) },
]

/** What could be brought back of each tenant, measured, against what is promised; made to be printed. */
export function recoveryPage({ api, signal }) {
  const place = loadInto({ load: () => api.get('/api/admin/backups/report', { signal }), view: reportView })
  return element('div', { class: 'page' },
    pageHeader({ title: 'Recovery report', back: { href: '#/backups', label: 'Backups' },
      lead: 'From when to when each tenant can be restored, what would be lost, and how long it would take: measured.',
      actions: [button({ label: 'Print', icon: 'download', onClick: () => print() })] }),
    place.element, drillHistory({ api, signal, onDrilled: () => place.reload() }), cliLine(commands.backupReport()))
}

function reportView(report) {
  const broken = report.items.filter((line) => !line.ok).length
  const gaps = report.items.flatMap((line) => line.gaps.map((gap) => ({ ...gap, tenant: line.tenant })))
  return element('div', { class: 'stack' },
    panel({ title: 'Promises' }, facts([
      ['At', time(report.at)],
      ['All together', broken === 0 ? badge('kept', 'good', 'check')
        : badge(`broken for ${counted(broken, 'tenant')}`, 'bad', 'warn')],
      ['Work lost at most', `${duration(report.promise.recoveryPointSeconds)} promised, `
        + `${worst(report.items, 'recoveryPointSeconds')} measured in the last hour`],
      ['A tenant is back within', `${duration(report.promise.recoveryTimeSeconds)} a gigabyte promised, `
        + `${worst(report.items, 'recoveryTimeSeconds')} measured by drills`],
      ['Usual elsewhere', `${duration(report.usual.recoveryPointSeconds)} lost, back within `
        + duration(report.usual.recoveryTimeSeconds)],
    ])),
    report.items.length === 0 ? emptyState({ icon: 'shops', title: 'No tenant yet' })
      : panel({ title: 'Tenants' }, table({ caption: 'Recovery by tenant', columns, items: report.items })),
    gaps.length > 0 && gapPanel(gaps))
}

function gapPanel(items) {
  return panel({ title: 'Times not kept to the second' }, table({ caption: 'Gaps', items, narrow: 'scroll', columns: [
    { title: 'Tenant', main: true, cell: ({ tenant }) => tenant },
    { title: 'From', cell: ({ from }) => second(from) },
    { title: 'To', cell: ({ to }) => second(to) },
    { title: 'Because', cell: ({ reason }) => reason },
  ] }))
}

function worst(items, name) {
  const values = items.map((line) => line[name]).filter((value) => value !== null)
  return values.length === 0 ? 'nothing' : duration(Math.max(...values))
}
