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

/** What failed, in the server's words: detail, remedy, and the id to look for in its log. */
export function problemNotice(problem, retry) {
  return element('div', { class: 'notice notice-bad', role: 'alert' }, icon('warn'),
    element('div', {},
      element('p', {}, element('strong', {}, problem.title || 'It failed'), ' — ', problem.message),
      problem.hint && element('p', {}, problem.hint),
      problem.requestId && element('p', { class: 'small' }, 'Request ', element('code', {}, problem.requestId)),
      retry && button({ label: 'Try again', small: true, onClick: retry })))
}

/** A whole page that could not be shown. */
export function pageFailure({ title, problem, retry }) {
  return element('div', { class: 'page' }, pageHeader({ title }), problemNotice(problem, retry))
}

export function notFound() {
  return element('div', { class: 'page' }, pageHeader({ title: 'Not found' }),
    emptyState({ icon: 'search', title: 'There is no such page',
      text: 'The address may be old, or meant for another kind of user.',
      action: element('a', { class: 'button', href: '#/' }, 'Go to the start') }))
}
