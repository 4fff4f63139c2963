import { badge, tenantBadges } from '../components/badge.js'
import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { trialMeter } from '../components/meter.js'
import { facts, pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { ago, time } from '../components/time.js'
import { toastProblem } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { bytes } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { accessPanels } from './tenant-access.js'
import { lifePanel } from './tenant-life.js'
import { openActivate, openSuspend } from './tenant-actions.js'
import { openChangePlan } from './change-plan.js'
import { openRestore } from './restore.js'
import { openDelete } from './trash-actions.js'

/** One tenant: what it is, how it stands, and what can be done with it. */
export function tenantPage({ api, params, signal, setTitle }) {
  const header = pageHeader({ title: params.slug, back: { href: '#/tenants', label: 'Tenants' } })
  const place = loadInto({
    load: () => api.get(`/api/admin/tenants/${encodeURIComponent(params.slug)}`, { signal }),
    view: (tenant) => {
      header.querySelector('h1').textContent = tenant.name
      setTitle(tenant.name)
      return tenantView({ api, tenant, signal, onChange: place.reload })
    },
  })
  return element('div', { class: 'page' },
    header, place.element, cliLine(commands.tenantShow(params.slug)))
}

function tenantView({ api, tenant, signal, onChange }) {
  return element('div', { class: 'stack' },
    element('div', { class: 'status-row' }, tenantBadges(tenant),
      element('div', { class: 'actions' }, tenantActions({ api, tenant, onChange }))),
    tenant.storage.state === 'quarantined' && quarantine(tenant),
    tenant.suspendedAt && suspension(tenant),
    tenant.cancelsAt && ending(tenant),
    panel({ title: 'Tenant' }, facts([
      ['Slug', element('code', {}, tenant.slug)],
      ['Id', element('code', {}, tenant.id)],
      ['Plan', [badge(tenant.plan), ' ', changePlan({ api, tenant, onChange })]],
      ['Trial', tenant.trialEndsAt && !tenant.convertedAt && [
        trialMeter(tenant), element('span', { class: 'sub' }, 'ends ', time(tenant.trialEndsAt))]],
      ['Paid until', tenant.paidUntil && time(tenant.paidUntil)],
      ['Grace until', tenant.status === 'past_due' ? time(tenant.graceEndsAt) : null],
      ['May be deleted from', tenant.status === 'cancelled' ? time(tenant.deletionDueAt) : null],
      ['Modules', tenant.modules.length > 0 ? tenant.modules.join(', ') : 'none'],
      ['Owner', tenant.ownerEmail],
      ['Time zone', tenant.timeZone],
      ['Currency', tenant.currency],
      ['Created', time(tenant.createdAt)],
      ['Changed', time(tenant.updatedAt)],
    ])),
    lifePanel({ api, tenant, signal, onChange }),
    accessPanels({ api, tenant, signal, onChange }),
    panel({ title: 'Storage' }, facts([
      ['Database file', bytes(tenant.storage.bytes)],
      ['State', tenant.storage.state],
      ['Last snapshot', ago(tenant.lastSnapshotAt, 'never')],
    ])))
}

function tenantActions({ api, tenant, onChange }) {
  const isSuspended = ['past_due', 'suspended', 'cancelled'].includes(tenant.status)
  const restore = () => openRestore({ api, tenant: tenant.slug, onDone: onChange })
  const suspend = () => openSuspend({ api, tenant, onChange })
  const activate = () => openActivate({ api, tenant, onChange })
  return [
    buttonLink({ label: 'Records', icon: 'box', href: `#/tenants/${tenant.slug}/records` }),
    buttonLink({ label: 'Users', icon: 'people', href: `#/tenants/${tenant.slug}/users` }),
    buttonLink({ label: 'Usage', icon: 'gauge', href: `#/tenants/${tenant.slug}/usage` }),
    button({ label: 'Restore…', icon: 'undo', onClick: restore }),
    isSuspended
      ? button({ label: 'Activate…', icon: 'play', primary: true, onClick: activate })
      : button({ label: 'Suspend…', icon: 'pause', onClick: suspend }),
    button({ label: 'Delete…', icon: 'trash', onClick: () => openDelete({ api, tenant, onDone: toList }) }),
  ]
}

function changePlan({ api, tenant, onChange }) {
  const node = button({ label: 'Change…', small: true, quiet: true, onClick: async () => {
    try {
      await openChangePlan({ api, tenant, onChange })
    } catch (error) {
      toastProblem(ApplianceProblem.from(error))
    }
  } })
  node.setAttribute('aria-label', 'Change the plan')
  return node
}

function toList() {
  location.hash = '#/tenants'
}

function quarantine({ storage }) {
  return element('div', { class: 'notice notice-warn' }, element('p', {},
    element('strong', {}, 'Its file is quarantined: '), storage.reason ?? 'it can be read but not written.'))
}

function ending({ cancelsAt }) {
  return element('div', { class: 'notice notice-warn' }, element('p', {},
    element('strong', {}, 'Cancelled: '), 'it ends ', ago(cancelsAt)))
}

function suspension({ status, suspendedAt, suspensionReason }) {
  return element('div', { class: 'notice notice-bad' }, element('p', {},
    element('strong', {}, status === 'cancelled' ? 'Cancelled ' : 'Suspended '), ago(suspendedAt), suspensionReason && `: ${suspensionReason}`))
}
