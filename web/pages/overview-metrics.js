import { chart } from '../components/chart.js'
import { panel } from '../components/page-header.js'
import { element } from '../dom.js'
import { bytes, count, counted, duration, localClock, milliseconds, percent } from '../format.js'

/** Load and latency of the last hour as charts, and the figures of this moment as tiles. */
export function metricsPanel(metrics) {
  return panel({ title: 'Load' },
    element('dl', { class: 'tiles' }, figures(metrics).map(tile)),
    metrics.history.length > 0 && charts(metrics))
}

function figures(now) {
  return [
    ['Requests', `${count(Math.round(now.requestsPerMinute))}/min`, `${percent(now.errorRate)} errors`],
    ['Latency p95', milliseconds(now.p95), `p50 ${milliseconds(now.p50)}, p99 ${milliseconds(now.p99)}`],
    ['Active users', count(now.activeUsers), `${count(now.openTenants)} of ${counted(now.tenants, 'tenant')} open`],
    ['Memory', bytes(now.memoryBytes), `${bytes(now.diskFreeBytes)} of disk free`],
    ['Up', duration(now.uptimeSeconds), `${duration(now.cpuSeconds)} of CPU used`],
  ]
}

function tile([name, value, note]) {
  return element('div', { class: 'tile' },
    element('dt', {}, name),
    element('dd', {}, element('span', { class: 'tile-value' }, value), element('span', { class: 'tile-note' }, note)))
}

function charts({ history, requestsPerMinute, p95 }) {
  const timeLabels = [localClock(history[0].at), localClock(history.at(-1).at)]
  return element('div', { class: 'chart-pair' },
    chart({ title: 'Requests per minute', shape: 'bars', timeLabels, show: count,
      latest: `${count(Math.round(requestsPerMinute))} now`, points: history.map(requestPoint) }),
    chart({ title: 'p95 latency', shape: 'line', timeLabels, show: milliseconds, latest: `${milliseconds(p95)} now`,
      points: history.map((minute) => ({ at: minute.at, value: minute.p95 ?? 0 })) }))
}

function requestPoint({ at, requests, errors }) {
  return { at, value: requests, flaw: errors, note: errors > 0 ? counted(errors, 'error') : undefined }
}
