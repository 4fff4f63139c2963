import { button } from '../components/button.js'
import { checkboxes } from '../components/choices.js'
import { selectField, textField } from '../components/field.js'
import { element } from '../dom.js'

const types = [
  ['text', 'Text'], ['multiline', 'Long text'], ['integer', 'Whole number'], ['decimal', 'Decimal number'],
  ['money', 'Money'], ['currency', 'Currency'], ['boolean', 'Yes or no'], ['date', 'Day'], ['instant', 'Time'],
  ['choice', 'Choice'], ['reference', 'Record of'], ['references', 'Several records of'], ['file', 'File'],
  ['sequence', 'Number drawn in order'], ['secret', 'Secret'], ['user', 'Person of the shop'], ['email', 'E-mail'],
  ['phone', 'Phone'], ['url', 'Web address'], ['code', 'Code'], ['country', 'Country'], ['timeZone', 'Time zone'],
  ['weight', 'Weight'], ['rate', 'Rate'], ['duration', 'Duration'], ['json', 'JSON'],
]

const rules = [['required', 'Required'], ['unique', 'Unique'], ['searchable', 'Searched'], ['personal', 'Personal'],
  ['immutable', 'Stays as made']]

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
  const rights = rightsOf(field)
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
      ...rights.value(),
      ...Object.fromEntries(rules.map(([key]) => [key, ticked.includes(key) ? field[key] || true : null])),
      ...(before && before.name !== chosen ? { renamedFrom: before.name } : {}),
    }
  }
  const one = {
    value, focus: () => name.focus(),
    node: element('div', { class: 'panel', role: 'group', 'aria-label': field.name || 'New field' },
      element('div', { class: 'form form-columns' }, name.element, type.element, detail), flags.element,
      rights.element, drop),
  }
  return one
}

// Who reads and sets the field, where not everybody who may do that with the record.
const circles = [['', 'All who may'], ['owner,admin,staff', 'All but viewers'], ['owner,admin', 'Owners and admins'],
  ['owner', 'Owners']]

function rightsOf(field) {
  const fields = [['readableBy', 'Read by'], ['writableBy', 'Set by']].map(([name, label]) => {
    const value = (field[name] ?? []).join(',')
    const isKnown = circles.some(([key]) => key === value)
    const options = isKnown ? circles : [...circles, [value, value.replaceAll(',', ', ')]]
    return selectField({ name, label, options, value })
  })
  return {
    element: element('details', { open: Boolean(field.readableBy || field.writableBy) },
      element('summary', {}, 'Who reads and sets it'),
      element('div', { class: 'form form-columns' }, fields.map((one) => one.element))),
    value: () => Object.fromEntries(fields.map((one) => [one.name, one.value() ? one.value().split(',') : null])),
  }
}

const words = (text) => text.split(',').map((one) => one.trim()).filter(Boolean)
const number = (text) => (text ? Number(text) : null)

/** `open > done, lost; done > open` as `{ open: ['done', 'lost'], done: ['open'] }`; null for everywhere. */
export function movesOf(text) {
  const lines = text.split(';').map((line) => line.split('>')).filter(([from]) => from.trim())
  return lines.length > 0 ? Object.fromEntries(lines.map(([from, to = '']) => [from.trim(), words(to)])) : null
}

export const movesText = (moves) => (
  Object.entries(moves ?? {}).map(([from, to]) => `${from} > ${to.join(', ')}`).join('; '))

// What a kind of field asks for beside its name.
function detailOf(type, { shop, field, own }) {
  const fields = detailFields(type, { shop, field, own })
  if (fields.length === 0) return null
  return {
    element: element('div', { class: 'stack' }, fields.map(({ control }) => control.element)),
    value: () => Object.fromEntries(fields.map(({ control, read }) => [control.name, read(control.value())])),
  }
}

const text = (name, label, value, read, more) => (
  { control: textField({ name, label, value: value ?? '', autocomplete: 'off', ...more }), read })

const trimmed = (value) => value.trim() || null

function detailFields(type, { shop, field, own }) {
  const formula = (hint) => text('formula', 'Computed as', field.formula, trimmed, { hint })
  const most = () => text('maxLength', 'At most characters', field.maxLength, number, { inputmode: 'numeric' })
  switch (type) {
    case 'choice': return [
      text('choices', 'Choices', (field.choices ?? []).join(', '), words, { hint: 'With commas between.' }),
      text('moves', 'Moves', movesText(field.moves), movesOf,
        { hint: 'Where each may go, such as open > done; done > open. Empty: everywhere.' }),
    ]
    case 'reference': return [target(shop, field, own)]
    case 'references': return [target(shop, field, own)]
    case 'file': return [text('accept', 'Of type', (field.accept ?? []).join(', '), words,
      { hint: 'Such as image/*, application/pdf. Empty: any.' })]
    case 'sequence': return [text('series', 'Looks like', field.series ?? '{year}-{0000}', trimmed,
      { hint: 'The number is {0000}; {year} begins anew each year.' })]
    case 'text': case 'multiline':
      return [most(), formula('Texts with & between, such as name & " " & place. Empty: people write it.')]
    case 'integer': case 'decimal': case 'money': case 'weight': case 'rate': case 'duration':
      return [formula('Numbers with + - * ( ), such as pieces * price. Empty: people write it.')]
    default: return []
  }
}

function target(shop, field, own) {
  const names = [...new Set([...shop.collections.map((one) => one.name), own].filter(Boolean))]
  const control = selectField({ name: 'reference', label: 'Of', value: field.reference,
    options: names.map((one) => [one, shop.collection(one)?.title ?? one]) })
  return { control, read: (value) => value }
}
