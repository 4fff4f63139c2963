import { badge, tenantTones, words } from '../components/badge.js'
import { button } from '../components/button.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { time } from '../components/time.js'
import { drawing, element } from '../dom.js'
import { actorText } from '../records/actor.js'
import { moveButtons } from './tenant-moves.js'

const width = 600
const height = 30
// A state that lasted minutes is still to be seen.
const leastWidth = 3

/** The life of a tenant: what is legal now, the states it went through and will go through, and who did what. */
export function lifePanel({ api, tenant, signal, onChange }) {
  const path = `/api/admin/tenants/${encodeURIComponent(tenant.slug)}/history`
  const { element: body } = loadInto({
    load: async () => ({
      history: await api.get(path, { signal, query: { limit: 200 } }), emails: await operatorEmails(api, signal) }),
    view: ({ history, emails }) => lifeView(tenant, history, emails),
  })
  return panel({ title: 'Life', actions: element('div', { class: 'actions' },
    moveButtons({ api, tenant, onChange }).map((move) => button(move))) }, body)
}

// Who may not list operators sees their ids.
async function operatorEmails(api, signal) {
  const { items } = await api.get('/api/admin/operators', { signal }).catch(() => ({ items: [] }))
  return new Map(items.map(({ id, email }) => [id, email]))
}

function lifeView(tenant, { items, upcoming }, emails) {
  const past = items.toReversed()
  return element('div', { class: 'stack' },
    lifeLine(phases(tenant, past, upcoming, Date.now())),
    element('ol', { class: 'timeline' },
      upcoming.toReversed().map((step) => upcomingItem(step)), items.map((event) => pastItem(event, emails))))
}

/** The states one after the other, as `{ status, from, to, isUpcoming }` in milliseconds. */
export function phases(tenant, past, upcoming, now) {
  const moves = past.filter(({ data }) => data?.from && data.to && data.from !== data.to)
  const changes = moves.map(({ at, data }) => ({ at: Date.parse(data.since ?? at), status: data.to }))
  const first = { at: Date.parse(tenant.createdAt), status: moves[0]?.data.from ?? tenant.status }
  const coming = upcoming.map((step) => ({ at: Date.parse(step.at), status: step.to }))
  const all = [first, ...changes, ...coming]
  const last = all.at(-1)
  const end = Math.max(now, last.at) + Math.max(86_400_000, (Math.max(now, last.at) - first.at) / 10)
  return all.map(({ at, status }, index) => (
    { status, from: at, to: all[index + 1]?.at ?? end, isUpcoming: at > now }))
}

function lifeLine(parts) {
  const [start, end] = [parts[0].from, parts.at(-1).to]
  const x = (instant) => ((instant - start) / (end - start)) * width
  return drawing('svg', { class: 'life-line', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none',
    role: 'img', 'aria-label': `States: ${parts.map((part) => words(part.status)).join(', then ')}` },
  parts.map((part) => drawing('rect', {
    class: `life-part tone-${tenantTones[part.status] ?? 'plain'} ${part.isUpcoming ? 'is-upcoming' : ''}`,
    x: x(part.from), y: 4, height: height - 8, width: Math.max(leastWidth, x(part.to) - x(part.from) - 1) },
  drawing('title', {}, words(part.status)))),
  drawing('line', { class: 'life-now', x1: x(Date.now()), x2: x(Date.now()), y1: 0, y2: height }))
}

function pastItem({ at, action, actor, data }, emails) {
  const verb = action.replace('tenant.', '')
  return element('li', {},
    element('span', { class: 'timeline-when' }, time(data?.since ?? at)),
    element('div', {},
      element('p', { class: 'timeline-what' }, element('strong', {}, words(verb)), change(data)),
      element('p', { class: 'small muted' }, actor === 'system' ? 'by the clock' : ['by ', actorText(emails, actor)],
        data?.reason && ` – ${data.reason}`)))
}

function upcomingItem(step) {
  return element('li', { class: 'is-upcoming' },
    element('span', { class: 'timeline-when' }, time(step.at)),
    element('p', { class: 'timeline-what' }, words(step.move), change(step), 'to come'))
}

function change(data) {
  if (!data?.to || data.from === data.to) return null
  return element('span', { class: 'badges' }, badge(words(data.from), tenantTones[data.from]), ' → ',
    badge(words(data.to), tenantTones[data.to]))
}
