import { element } from '../dom.js'

const fewColumns = 4

/**
 * A table. Columns are `{ title, cell(item), align: 'end'?, main: true?, minor: true?, heading?, sorted? }`: the main
 * one names its row, minor ones are left out where room is short. `heading` is a control that stands for the title,
 * `sorted` says “ascending” or “descending”.
 * On a phone `narrow: 'cards'` turns rows into cards, `'scroll'` (for many columns) scrolls inside its frame, and
 * `'few'` leaves the table as it is; unless something is said, what has few columns stays and the rest becomes cards.
 */
export function table({ caption, columns, items, narrow = columns.length <= fewColumns ? 'few' : 'cards' }) {
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

function heading({ title, align, minor, heading: control, sorted }) {
  return element('th', { scope: 'col', role: 'columnheader', class: classes({ align, minor }), 'aria-sort': sorted },
    control ?? title)
}

function rows(columns, items) {
  return items.map((item) => element('tr', { role: 'row' }, columns.map((column) => cell(column, item))))
}

function cell({ title, cell: content, align, main, minor }, item) {
  const value = content(item)
  // A card leaves out what is not there; a table keeps the dash in its column.
  const attributes = { class: classes({ align, main, minor, empty: value === '–' }), 'data-label': title }
  return main
    ? element('th', { scope: 'row', role: 'rowheader', ...attributes }, value)
    : element('td', { role: 'cell', ...attributes }, value)
}

function classes({ align, main, minor, empty }) {
  return [align && `align-${align}`, main && 'cell-main', minor && 'cell-minor', empty && 'cell-empty']
    .filter(Boolean).join(' ') || null
}
