import { button } from '../components/button.js'
import { checkboxes } from '../components/choices.js'
import { selectField, textField } from '../components/field.js'
import { element } from '../dom.js'

const types = [
  ['text', 'Text'], ['multiline', 'Long text'], ['integer', 'Whole number'], ['decimal', 'Decimal number'],
  ['money', 'Money'], ['currency', 'Currency'], ['boolean', 'Yes or no'], ['date', 'Day'], ['instant', 'Time'],
  ['choice', 'Choice'], ['reference', 'Record of'], ['user', 'Person of the shop'], ['email', 'E-mail'],
  ['phone', 'Phone'], ['url', 'Web address'], ['code', 'Code'], ['country', 'Country'], ['timeZone', 'Time zone'],
  ['weight', 'Weight'], ['rate', 'Rate'], ['duration', 'Duration'], ['json', 'JSON'],
]

const rules = [['required', 'Required'], ['unique', 'Unique'], ['searchable', 'Searched'], ['personal', 'Personal']]

/**
 * The fields of a declaration as one field of a form: a line for each, that can be renamed, changed and taken away.
 * What a line does not show of a field, such as its pattern, stays as it was.
 */
export function ownFields({ shop, fields, own = null }) {
  let lines = []
  const list = element('div', { class: 'stack' })
  const error = element('p', { class: 'field-error', hidden: true, role: 'alert' })
  const show = () => list.replaceChildren(...lines.map(({ node }) => node))
  const remove = (one) => {
    lines = lines.filter((other) => other !== one)
    show()
  }
  const add = (field, before = null) => {
    lines.push(line({ shop, field, before, own, remove }))
    show()
  }
  fields.forEach((field) => add(field, own && field))
  const more = button({ label: 'Add a field', icon: 'plus', small: true, onClick: () => {
    add({ name: '', type: 'text' })
    lines.at(-1).focus()
  } })
  return {
    name: 'fields', value: () => lines.map((one) => one.value()),
    element: element('fieldset', { class: 'field' }, element('legend', {}, 'Fields'), list, error, more),
    focus: () => lines[0]?.focus(),
    showError(message) {
      error.textContent = message ?? ''
      error.hidden = !message
    },
  }
}

function line({ shop, field, before, own, remove }) {
  const name = textField({ name: 'fieldName', label: 'Field', value: field.name, autocomplete: 'off', required: true })
  const type = selectField({ name: 'fieldType', label: 'Kind', options: types, value: field.type })
  const detail = element('div')
  let shown = null
  const showDetail = () => {
    shown = detailOf(type.value(), { shop, field, own })
    detail.replaceChildren(...(shown ? [shown.element] : []))
  }
  type.input.addEventListener('change', showDetail)
  showDetail()
  const flags = checkboxes({ name: 'rules', label: 'Rules', options: rules,
    value: rules.map(([key]) => key).filter((key) => field[key]) })
  const drop = button({ label: 'Remove', icon: 'trash', small: true, quiet: true, onClick: () => remove(one) })
  drop.setAttribute('aria-label', `Remove ${field.name || 'the field'}`)
  const value = () => {
    const kept = type.value() === field.type ? field : {}
    const ticked = flags.value()
    const chosen = name.value().trim()
    return {
      ...kept, name: chosen, type: type.value(), ...(field.title ? { title: field.title } : {}), ...shown?.value(),
      ...Object.fromEntries(rules.map(([key]) => [key, ticked.includes(key) ? field[key] || true : null])),
      ...(before && before.name !== chosen ? { renamedFrom: before.name } : {}),
    }
  }
  const one = {
    value, focus: () => name.focus(),
    node: element('div', { class: 'panel', role: 'group', 'aria-label': field.name || 'New field' },
      element('div', { class: 'form form-columns' }, name.element, type.element, detail), flags.element, drop),
  }
  return one
}

// What a kind of field asks for beside its name.
function detailOf(type, { shop, field, own }) {
  if (type === 'choice') {
    const choices = textField({ name: 'choices', label: 'Choices', value: (field.choices ?? []).join(', '),
      autocomplete: 'off', hint: 'With commas between.' })
    return { element: choices.element,
      value: () => ({ choices: choices.value().split(',').map((one) => one.trim()).filter(Boolean) }) }
  }
  if (type === 'reference') {
    const names = [...new Set([...shop.collections.map((one) => one.name), own].filter(Boolean))]
    const target = selectField({ name: 'reference', label: 'Of', value: field.reference,
      options: names.map((one) => [one, shop.collection(one)?.title ?? one]) })
    return { element: target.element, value: () => ({ reference: target.value() }) }
  }
  if (type === 'text' || type === 'multiline') {
    const most = textField({ name: 'maxLength', label: 'At most characters', inputmode: 'numeric',
      value: field.maxLength ?? '' })
    return { element: most.element, value: () => ({ maxLength: most.value() ? Number(most.value()) : null }) }
  }
  return null
}
