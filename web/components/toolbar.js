import { debounce, element, uniqueID } from '../dom.js'
import { icon } from './icon.js'

const typingMilliseconds = 250

/** A search box and, with `options`, a filter beside it. `onChange` gets `{ q }` or `{ status }`. */
export function toolbar({ searchLabel, filterLabel, filterName = 'status', options, filters, onChange }) {
  return element('search', { class: 'toolbar' },
    searchBox({ label: searchLabel, value: filters.q, onChange: (q) => onChange({ q }) }),
    options && filterBox({ label: filterLabel, options, value: filters[filterName],
      onChange: (value) => onChange({ [filterName]: value }) }))
}

/** A search box that waits for a pause in the typing. */
export function searchBox({ label, value = '', onChange }) {
  const changed = debounce(() => onChange(input.value.trim()), typingMilliseconds)
  const input = element('input', { id: uniqueID('search'), class: 'input', type: 'search', value, placeholder: label,
    'aria-label': label, autocomplete: 'off', spellcheck: 'false', onInput: changed })
  return element('div', { class: 'search-box' }, icon('search'), input)
}

/** A choice of one filter. */
export function filterBox({ label, options, value, onChange }) {
  const select = element('select', { class: 'input', 'aria-label': label, onChange: () => onChange(select.value) },
    options.map(([key, text]) => element('option', { value: key, selected: key === value }, text)))
  return select
}
