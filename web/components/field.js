import { element, uniqueID } from '../dom.js'
import { button } from './button.js'

/**
 * A labelled line of text. `hint` explains it; an error is tied to the input and read with it. `unit` stands at the
 * end of the input and is read with it.
 */
export function textField({ name, label, hint, unit, required, type = 'text', value = '', ...attributes }) {
  const input = element('input', { id: uniqueID(name), name, type, value, class: 'input', ...attributes })
  const control = unit ? element('div', { class: 'input-group input-with-unit' }, input, unit) : input
  return field({ name, label, hint, required, input, control, unit, value: () => input.value })
}

export function textArea({ name, label, hint, required, value = '', ...attributes }) {
  const input = element('textarea', { id: uniqueID(name), name, class: 'input', rows: '3', ...attributes }, value)
  return field({ name, label, hint, required, input, value: () => input.value })
}

/** `options` are `[value, label]` pairs. */
export function selectField({ name, label, hint, required, options, value, ...attributes }) {
  const input = element('select', { id: uniqueID(name), name, class: 'input', ...attributes },
    options.map(([key, text]) => element('option', { value: key, selected: key === value }, text)))
  return field({ name, label, hint, required, input, value: () => input.value })
}

/** A password that can be looked at while typing, which helps more than typing it twice. */
export function passwordField({ name, label, hint, autocomplete, ...attributes }) {
  const input = element('input', { id: uniqueID(name), name, type: 'password', autocomplete, class: 'input',
    ...attributes })
  const toggle = button({ label: 'Show', quiet: true, small: true, onClick: () => {
    const isShown = input.type === 'text'
    input.type = isShown ? 'password' : 'text'
    toggle.lastChild.textContent = isShown ? 'Show' : 'Hide'
    toggle.setAttribute('aria-pressed', String(!isShown))
  } })
  toggle.setAttribute('aria-label', 'Show the password')
  toggle.setAttribute('aria-pressed', 'false')
  return field({ name, label, hint, input, value: () => input.value,
    control: element('div', { class: 'input-group' }, input, toggle) })
}

/** What every field has: `element`, `name`, `value()`, `focus()` and `showError(message or null)`. */
export function field({ name, label, hint, required, input, value, unit, control = input }) {
  const hintNode = hint && element('p', { class: 'hint', id: uniqueID('hint') }, hint)
  const errorNode = element('p', { class: 'field-error', id: uniqueID('error'), hidden: true })
  describe(input, [unit, hintNode])
  if (required) input.setAttribute('aria-required', 'true')
  return {
    name, input, value,
    element: element('div', { class: 'field' },
      element('label', { for: input.id }, label, required && element('span', { class: 'field-required',
        'aria-hidden': 'true' }, ' *')), control, errorNode, hintNode),
    focus: () => input.focus(),
    showError(message) {
      errorNode.textContent = message ?? ''
      errorNode.hidden = !message
      input.setAttribute('aria-invalid', message ? 'true' : 'false')
      describe(input, [unit, hintNode, message && errorNode])
    },
  }
}

function describe(input, nodes) {
  const ids = nodes.filter(Boolean).map((node) => node.id)
  if (ids.length > 0) input.setAttribute('aria-describedby', ids.join(' '))
  else input.removeAttribute('aria-describedby')
}
