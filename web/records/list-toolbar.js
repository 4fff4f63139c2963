import { button } from '../components/button.js'
import { icon } from '../components/icon.js'
import { searchBox } from '../components/toolbar.js'
import { element } from '../dom.js'
import { openColumns, openFilter, openSort } from './list-dialogs.js'
import { filterText } from './operators.js'

/**
 * Search, filters, order and columns of a list. `state` is what holds now; `onChange(part)` gets what becomes of it.
 * `draw()` shows a changed state; the search box stays the one that someone is typing in.
 */
export function listToolbar({ shop, collection, state, onChange }) {
  const chips = element('ul', { class: 'chips', 'aria-label': 'Filters' })
  const draw = () => {
    const shown = [...state().filters.map((filter, index) => filterChip({ shop, collection, state, onChange, filter,
      index })), ...sortChip({ collection, state, onChange })]
    chips.replaceChildren(...shown)
    chips.hidden = shown.length === 0
  }
  draw()
  return { draw, element: element('div', { class: 'stack-tight' },
    element('search', { class: 'toolbar' },
      collection.isSearchable && searchBox({ label: `Search ${collection.title.toLowerCase()}`, value: state().q,
        onChange: (q) => onChange({ q }) }),
      button({ label: 'Filter…', icon: 'filter', onClick: () => openFilter({ shop, collection,
        onDone: (filter) => onChange({ filters: [...state().filters, filter] }) }) }),
      button({ label: 'Sort…', icon: 'sort', onClick: () => openSort({ collection, sort: state().sort,
        onDone: (sort) => onChange({ sort }) }) }),
      button({ label: 'Columns…', icon: 'columns', onClick: () => openColumns({ collection, columns: state().columns,
        onDone: (columns) => onChange({ columns }) }) })), chips) }
}

function filterChip({ shop, collection, state, onChange, filter, index }) {
  const text = filterText(shop, filter)
  const others = () => state().filters.filter((_, at) => at !== index)
  const change = () => openFilter({ shop, collection, filter,
    onDone: (changed) => onChange({ filters: state().filters.map((one, at) => (at === index ? changed : one)) }) })
  return chip({ text: named(shop, filter) ?? text, onClick: change, removeLabel: `Remove the filter: ${text}`,
    onRemove: () => onChange({ filters: others() }) })
}

// A record that is filtered by is shown by its name, once that is known.
function named(shop, { field, operator, value }) {
  if (field.type !== 'reference' || !['eq', 'ne'].includes(operator) || value === 'null') return null
  const name = element('span')
  shop.labels.show(name, field.target, value)
  return [filterText(shop, { field, operator, value: '' }), ' ', name]
}

function sortChip({ collection, state, onChange }) {
  const { sort } = state()
  if (sort.length === 0) return []
  const names = sort.map(({ name, descending }) => (
    `${collection.allFields.find((field) => field.name === name).title} ${descending ? '↓' : '↑'}`))
  const change = () => openSort({ collection, sort, onDone: (keys) => onChange({ sort: keys }) })
  return [chip({ text: `Sorted by ${names.join(', then ')}`, onClick: change, removeLabel: 'Remove the order',
    onRemove: () => onChange({ sort: [] }) })]
}

function chip({ text, onClick, onRemove, removeLabel }) {
  return element('li', { class: 'chip' },
    element('button', { type: 'button', class: 'chip-text', onClick }, text),
    element('button', { type: 'button', class: 'chip-remove', 'aria-label': removeLabel, onClick: onRemove },
      icon('cross')))
}
