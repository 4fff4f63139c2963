import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { time } from '../components/time.js'
import { toast, toastProblem } from '../components/toast.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

/** One's own sessions, each with the means to end it. */
export function sessionsPanel({ api, signal }) {
  const list = sessionList(() => api.get('/api/sessions', { signal }), (session) => end(api, session, list))
  list.reload()
  const others = button({ label: 'End all others', onClick: () => endOthers(api, list) })
  return panel({ title: 'Where you are signed in', actions: others }, list.element)
}

/** Sessions as a list; `onEnd(session)` where they can be ended one by one. */
export function sessionList(load, onEnd = null) {
  const columns = [
    { title: 'Browser', main: true, cell: ({ userAgent, isCurrent }) => [browserOf(userAgent),
      isCurrent && element('span', { class: 'sub' }, 'this one')] },
    { title: 'Address', cell: ({ address }) => address || '–' },
    { title: 'Since', cell: ({ createdAt }) => time(createdAt) },
    { title: 'Until', minor: true, cell: ({ expiresAt }) => time(expiresAt) },
    ...(onEnd ? [{ title: 'Actions', cell: (session) => (session.isCurrent ? badge('current', 'good')
      : endButton(session, onEnd)) }] : []),
  ]
  return new PagedList({ columns, caption: 'Sessions', noun: 'session', load,
    empty: () => element('p', { class: 'muted' }, 'Signed in nowhere.') })
}

function endButton(session, onEnd) {
  const node = button({ label: 'End', small: true, onClick: () => onEnd(session) })
  node.setAttribute('aria-label', `End the session of ${browserOf(session.userAgent)}`)
  return node
}

async function end(api, session, list) {
  await attempt(async () => {
    await api.delete(`/api/sessions/${encodeURIComponent(session.id)}`)
    toast('The session is ended')
  })
  list.reload({ isQuiet: true })
}

async function endOthers(api, list) {
  await attempt(async () => {
    const { ended } = await api.post('/api/sessions/end-others')
    toast(ended === 1 ? 'One other session is ended' : `${ended} other sessions are ended`)
  })
  list.reload({ isQuiet: true })
}

async function attempt(action) {
  try {
    await action()
  } catch (error) {
    toastProblem(ApplianceProblem.from(error))
  }
}

const browsers = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'], [/curl\//, 'curl']]
const systems = [[/Android/, 'Android'], [/iPhone|iPad/, 'iOS'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'],
  [/Linux/, 'Linux']]

/** “Firefox on Linux”, as far as the browser says who it is. */
export function browserOf(userAgent) {
  const find = (table) => table.find(([pattern]) => pattern.test(userAgent))?.[1]
  const [browser, system] = [find(browsers), find(systems)]
  if (browser && system) return `${browser} on ${system}`
  return browser ?? (userAgent.slice(0, 60) || 'Unknown')
}
