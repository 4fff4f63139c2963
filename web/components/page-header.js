import { element } from '../dom.js'

/** Title, one line of explanation and the actions of a page. The h1 takes the focus after a navigation. */
export function pageHeader({ title, back, lead, actions = [] }) {
  return element('div', { class: 'page-header' },
    element('div', { class: 'page-heading' },
      back && element('p', { class: 'back' }, element('a', { href: back.href }, '← ', back.label)),
      element('h1', { tabindex: '-1' }, title),
      lead && element('p', { class: 'lead' }, lead)),
    actions.length > 0 && element('div', { class: 'actions' }, actions))
}

/** A titled part of a page. */
export function panel({ title, actions, id }, ...children) {
  return element('section', { class: 'panel', 'aria-label': title, id },
    element('div', { class: 'panel-header' }, element('h2', {}, title), actions),
    ...children)
}

/** Names and values, two columns where there is room. Pairs whose value is null are left out. */
export function facts(pairs) {
  const shown = pairs.filter(([, value]) => value !== null && value !== undefined)
  return element('dl', { class: 'facts' },
    shown.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, value))))
}
