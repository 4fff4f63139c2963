import { element } from '../dom.js'
import { button } from './button.js'
import { icon } from './icon.js'
import { pageHeader } from './page-header.js'

/** Grey bars while a list is on its way. */
export function loading(label = 'Loading…') {
  return element('div', { class: 'loading', role: 'status' },
    element('span', { class: 'visually-hidden' }, label),
    [92, 78, 85].map((width) => element('span', { class: 'loading-bar', style: { width: `${width}%` } })))
}

/** Nothing here yet, why that is, and what to do about it. */
export function emptyState({ icon: name, title, text, action }) {
  return element('div', { class: 'empty' }, icon(name),
    element('p', { class: 'empty-title' }, title), text && element('p', {}, text), action)
}

/**
 * What failed, in the server's words: detail, remedy, and the id to look for in its log. `reload` reads something
 * again and is also called when a lost connection is back; `retry` does something again and waits for a click.
 */
export function problemNotice(problem, { reload, retry } = {}) {
  const again = reload ?? retry
  const notice = element('div', { class: 'notice notice-bad', role: 'alert' }, icon('warn'),
    element('div', {},
      element('p', {}, element('strong', {}, problem.title || 'It failed'), ' — ', problem.message),
      problem.hint && element('p', {}, problem.hint),
      problem.requestId && element('p', { class: 'small' }, 'Request ', element('code', {}, problem.requestId)),
      again && button({ label: 'Try again', small: true, onClick: () => again() })))
  if (reload) addEventListener('connected', () => notice.isConnected && reload(), { once: true })
  return notice
}

/** A whole page that could not be shown. */
export function pageFailure({ title, problem, reload }) {
  return element('div', { class: 'page' }, pageHeader({ title }), problemNotice(problem, { reload }))
}

export function notFound() {
  return element('div', { class: 'page' }, pageHeader({ title: 'Not found' }),
    emptyState({ icon: 'search', title: 'There is no such page',
      text: 'The address may be old, or meant for another kind of user.',
      action: element('a', { class: 'button', href: '#/' }, 'Go to the start') }))
}
