import { badge } from '../components/badge.js'
import { buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { trialMeter } from '../components/meter.js'
import { pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { table } from '../components/table.js'
import { ago } from '../components/time.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { healthPanel } from './overview-health.js'
import { metricsPanel } from './overview-metrics.js'

const refreshSeconds = 30
const trialsShown = 6

/** How the appliance is, at a glance: health, load, and what needs someone soon. It refreshes by itself. */
export function overviewPage({ api, signal }) {
  const parts = [
    loadInto({ load: () => health(api, signal), view: healthPanel }),
    loadInto({ load: () => api.get('/api/admin/metrics', { signal }), view: metricsPanel }),
    loadInto({ load: () => trials(api, signal), view: trialsPanel }),
  ]
  refresh(parts, signal)
  return element('div', { class: 'page' },
    pageHeader({ title: 'Overview', actions: [
      buttonLink({ label: 'Create tenant', icon: 'plus', href: '#/tenants?create=yes', primary: true })] }),
    parts.map((part) => part.element), cliLine(commands.doctor()))
}

async function health(api, signal) {
  const [score, checks, alerts] = await Promise.all([
    api.get('/api/admin/health', { signal }), api.get('/api/health', { signal }).catch(failingChecks),
    api.get('/api/admin/alerts', { signal, query: { open: true } })])
  return { ...score, ...checks, alerts: alerts.items, status: score.status }
}

// The public check answers 503 while something fails; its score and issues are shown all the same.
function failingChecks(problem) {
  if (problem.status !== 503) throw problem
  return { checks: {} }
}

function trials(api, signal) {
  const query = { status: 'trialing', sort: 'trialEndsAt', limit: trialsShown }
  return api.get('/api/admin/tenants', { query, signal })
}

function trialsPanel({ items }) {
  return panel({ title: 'Trials that end next' }, items.length === 0 ? noTrials() : table({
    caption: 'Trials that end next', items,
    columns: [
      { title: 'Tenant', main: true,
        cell: (tenant) => element('a', { href: `#/tenants/${tenant.slug}` }, tenant.name) },
      { title: 'Plan', minor: true, cell: (tenant) => badge(tenant.plan) },
      { title: 'Left', cell: (tenant) => trialMeter(tenant) },
      { title: 'Ends', cell: (tenant) => ago(tenant.trialEndsAt) },
      { title: 'Owner', cell: (tenant) => tenant.ownerEmail },
    ] }))
}

function noTrials() {
  return emptyState({ icon: 'shops', title: 'No tenant is on trial',
    text: 'A tenant you create starts with a trial, and its last days show here.' })
}

// A part someone is reading with the keyboard, or whose numbers are open, is left alone.
function refresh(parts, signal) {
  const timer = setInterval(() => {
    if (document.hidden) return
    parts.filter(({ element: place }) => !place.contains(document.activeElement) && !place.querySelector('[open]'))
      .forEach((part) => part.reload())
  }, refreshSeconds * 1_000)
  signal.addEventListener('abort', () => clearInterval(timer))
}
