import { element } from '../dom.js'

/**
 * A table. Columns are `{ title, cell(item), align: 'end'?, main: true? }`; the main column names its row.
 * `narrow: 'cards'` turns rows into cards on a phone, `'scroll'` (for many columns) scrolls inside its frame.
 */
export function table({ caption, columns, items, narrow = 'cards' }) {
  const body = element('tbody', { role: 'rowgroup' }, rows(columns, items))
  // The roles are written out because a browser forgets them when CSS changes how a table is laid out.
  const grid = element('table', { class: `table table-${narrow}`, role: 'table' },
    element('caption', { class: 'visually-hidden' }, caption),
    element('thead', { role: 'rowgroup' }, element('tr', { role: 'row' }, columns.map(heading))), body)
  const frame = element('div', { class: 'table-frame', ...(narrow === 'scroll' ? scrollable(caption) : {}) }, grid)
  frame.append = (more) => body.append(...rows(columns, more))
  return frame
}

// A part that scrolls must be reachable by keyboard and say what it is.
function scrollable(caption) {
  return { tabindex: '0', role: 'region', 'aria-label': caption }
}

function heading({ title, align }) {
  return element('th', { scope: 'col', role: 'columnheader', class: align && `align-${align}` }, title)
}

function rows(columns, items) {
  return items.map((item) => element('tr', { role: 'row' }, columns.map((column) => cell(column, item))))
}

function cell({ title, cell: content, align, main }, item) {
  const attributes = { class: [align && `align-${align}`, main && 'cell-main'].filter(Boolean).join(' ') || null,
    'data-label': title }
  return main
    ? element('th', { scope: 'row', role: 'rowheader', ...attributes }, content(item))
    : element('td', { role: 'cell', ...attributes }, content(item))
}
