import { badge } from '../components/badge.js'
import { icon } from '../components/icon.js'
import { scoreRing } from '../components/meter.js'
import { panel } from '../components/page-header.js'
import { ago } from '../components/time.js'
import { element } from '../dom.js'
import { counted } from '../format.js'

const tones = { healthy: 'good', ok: 'good', degraded: 'warn', warn: 'warn', critical: 'bad', failing: 'bad' }

/** The score, the checks behind it, and each issue with what to do about it. */
export function healthPanel({ score, status, issues, checks, alerts, version, startedAt }) {
  return panel({ title: 'Health', actions: alertsLink(alerts) },
    element('div', { class: 'health' },
      element('div', { class: 'health-score' }, scoreRing(score, tones[status] ?? 'warn'),
        element('div', {},
          element('p', { class: 'health-word' }, sentence(status)),
          startedAt && element('p', { class: 'small muted' }, `Version ${version}, started `, ago(startedAt)))),
      element('ul', { class: 'checks' }, Object.entries(checks).map(([name, check]) => checkItem(name, check)))),
    issues.length > 0 && element('ul', { class: 'issues' }, issues.map(issueItem)))
}

function alertsLink(alerts = []) {
  return element('a', { href: '#/alerts' },
    alerts.length > 0 ? badge(counted(alerts.length, 'open alert'), 'bad', 'warn') : 'Alerts')
}

function sentence(status) {
  return { healthy: 'All is well', degraded: 'Needs attention', critical: 'Needs help now' }[status] ?? status
}

function checkItem(name, { status, detail, lastSnapshotAt }) {
  return element('li', {},
    element('span', { class: 'check-name' }, name[0].toUpperCase() + name.slice(1)),
    badge(status, tones[status] ?? 'plain'),
    element('span', { class: 'muted' }, detail,
      lastSnapshotAt && [detail ? ' · ' : '', 'last snapshot ', ago(lastSnapshotAt)]))
}

function issueItem({ severity, message, remedy }) {
  return element('li', { class: `issue tone-${tones[severity]}` }, icon('warn'),
    element('div', {},
      element('p', {}, element('strong', {}, message)), remedy && element('p', { class: 'muted' }, remedy)))
}
