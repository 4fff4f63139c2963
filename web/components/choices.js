import { element, uniqueID } from '../dom.js'

/** Some of a few options; the value is the list of chosen ones. `options` are `[value, label]` pairs. */
export function checkboxes({ name, label, options, value = [] }) {
  const inputs = options.map(([key]) => element('input', { type: 'checkbox', id: uniqueID(name), name, value: key,
    checked: value.includes(key) }))
  return group({ name, label, options, inputs, value: () => chosen(inputs) })
}

/** One of a few options. */
export function radios({ name, label, options, value }) {
  const shared = uniqueID(name)
  const inputs = options.map(([key]) => element('input', { type: 'radio', id: uniqueID(name), name: shared, value: key,
    checked: key === value }))
  return group({ name, label, options, inputs, value: () => chosen(inputs)[0] })
}

function group({ name, label, options, inputs, value }) {
  const error = element('p', { class: 'field-error', id: uniqueID('error'), hidden: true })
  const set = element('fieldset', { class: 'field choices', 'aria-describedby': error.id },
    element('legend', {}, label),
    element('div', { class: 'choice-list' }, options.map(([, text], index) => (
      element('label', { class: 'choice', for: inputs[index].id }, inputs[index], element('span', {}, text))))),
    error)
  return {
    name, value, element: set,
    focus: () => inputs[0].focus(),
    showError(message) {
      error.textContent = message ?? ''
      error.hidden = !message
    },
  }
}

function chosen(inputs) {
  return inputs.filter((input) => input.checked).map((input) => input.value)
}
