import { icon } from '../components/icon.js'
import { element } from '../dom.js'
import { referenceField } from './reference-field.js'

/** Picks several records of another collection, each as `referenceField` picks one. Its value is the list of ids. */
export function referencesField({ shop, field, value, label, ...options }) {
  let ids = value ?? []
  const picker = referenceField({ shop, field, value: null, label, ...options })
  const chips = element('ul', { class: 'chips', 'aria-label': label })
  const changed = () => picker.element.dispatchEvent(new Event('input', { bubbles: true }))
  const draw = () => {
    chips.replaceChildren(...ids.map((id) => chip({ shop, field, id, onRemove: () => {
      ids = ids.filter((one) => one !== id)
      draw()
      picker.focus()
      changed()
    } })))
    chips.hidden = ids.length === 0
  }
  const take = () => {
    const id = picker.value()
    if (id === null) return
    if (!ids.includes(id)) ids = [...ids, id]
    picker.input.value = ''
    draw()
  }
  // What is typed comes from the input; what is chosen comes from around it.
  picker.element.addEventListener('input', ({ target }) => {
    if (target !== picker.input && target !== picker.element) take()
  })
  picker.element.append(chips)
  draw()
  return {
    ...picker,
    value() {
      const typed = picker.value()
      const all = typed === null || ids.includes(typed) ? ids : [...ids, typed]
      return all.length > 0 || value !== null ? all : null
    },
  }
}

function chip({ shop, field, id, onRemove }) {
  const text = element('span', { class: 'chip-text' })
  if (field.target && shop.collection(field.target)) shop.labels.show(text, field.target, id)
  else text.textContent = id
  return element('li', { class: 'chip' }, text, element('button', { type: 'button', class: 'chip-remove',
    'aria-label': `Remove ${id}`, onClick: onRemove }, icon('cross')))
}
