import { button } from '../components/button.js'
import { checkboxes } from '../components/choices.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { element } from '../dom.js'
import { inputFor } from './inputs.js'
import { sortKeysAtMost } from './list-state.js'
import { filterFrom, operatorsOf, shownFilter } from './operators.js'

const withoutValue = new Set(['empty', 'filled'])

/** Asks for a filter: field, operator, value. `filter` is the one to change, null for a new one. */
export function openFilter({ shop, collection, filter = null, onDone }) {
  const shown = filter && shownFilter(filter)
  const field = filter?.field ?? collection.titleField
  openDialog({ title: filter ? 'Change the filter' : 'Add a filter',
    content: (dialog) => filterForm({ shop, collection, dialog, field, shown, onDone }) })
}

// Choosing another field draws the form again, because its operators and its value are others.
function filterForm({ shop, collection, dialog, field, shown, onDone }) {
  const operators = operatorsOf(field)
  const value = { current: null }
  const place = element('div')
  const fieldChoice = selectField({ name: 'field', label: 'Field', value: field.name, 'data-focus': true,
    options: collection.allFields.map((one) => [one.name, one.title]) })
  const operatorChoice = selectField({ name: 'operator', label: 'Comparison', options: operators,
    value: shown?.operator ?? operators[0][0] })
  const draw = () => {
    value.current = valueField({ shop, field, operator: operatorChoice.value(), text: shown?.value ?? '' })
    place.replaceChildren(...(value.current ? [value.current.element] : []))
  }
  fieldChoice.input.addEventListener('change', () => dialog.show(filterForm({ shop, collection, dialog, shown: null,
    onDone, field: collection.allFields.find(({ name }) => name === fieldChoice.value()) })))
  operatorChoice.input.addEventListener('change', draw)
  draw()
  return form({ fields: [fieldChoice, operatorChoice, delegate(value, place)], submitLabel: 'Apply',
    cancel: cancelButton(dialog),
    onSubmit: ({ operator, value: entered }) => {
      dialog.close()
      onDone(filterFrom(field, operator, withoutValue.has(operator) ? '' : String(entered)))
    } })
}

// Stands in the form for whichever value field is on show.
function delegate(value, place) {
  const entered = () => value.current?.value() ?? null
  return {
    name: 'value', element: place, value: entered,
    focus: () => value.current?.focus(), showError: (message) => value.current?.showError(message),
    fault: () => value.current && (value.current.fault?.() ?? (entered() === null ? 'Type a value.' : null)),
  }
}

function valueField({ shop, field, operator, text }) {
  if (withoutValue.has(operator)) return null
  if (operator === 'in') {
    const hint = field.choices.length > 0 ? `Of ${field.choices.join(', ')}, with commas between.`
      : 'Several, with commas between.'
    return trimmed(textField({ name: 'value', label: 'Values', value: text, hint, autocomplete: 'off' }))
  }
  if (operator === 'like' || field.isSystem && field.type === 'id') {
    return trimmed(textField({ name: 'value', label: 'Value', value: text, autocomplete: 'off',
      hint: operator === 'like' ? 'Any part of it. % stands for any text, _ for one character.' : undefined }))
  }
  const asked = { ...field, isRequired: ['boolean', 'choice'].includes(field.type), schema: {},
    type: field.type === 'multiline' ? 'text' : field.type }
  return inputFor({ shop, field: asked, label: 'Value', value: fromText(field, text) })
}

const trimmed = (made) => ({ ...made, value: () => made.value().trim() || null })

function fromText(field, text) {
  if (text === '') return null
  if (['money', 'integer'].includes(field.type)) return Number(text)
  return field.type === 'boolean' ? text === 'true' : text
}

/** Asks for the order: up to four fields, each up or down. */
export function openSort({ collection, sort, onDone }) {
  const options = [['', '–'], ...sortable(collection).map((field) => [field.name, field.title])]
  const directions = [['up', 'Ascending'], ['down', 'Descending']]
  const rows = Array.from({ length: sortKeysAtMost }, (_, index) => [
    selectField({ name: `field${index}`, label: index === 0 ? 'Sort by' : 'Then by', options,
      value: sort[index]?.name ?? '', 'data-focus': index === 0 }),
    selectField({ name: `direction${index}`, label: 'Direction', options: directions,
      value: sort[index]?.descending ? 'down' : 'up' })])
  openDialog({ title: 'Sort', content: (dialog) => form({
    fields: rows.flat(), columns: true, submitLabel: 'Apply', cancel: cancelButton(dialog),
    onSubmit: (values) => {
      const keys = rows.map((_, index) => ({ name: values[`field${index}`],
        descending: values[`direction${index}`] === 'down' })).filter(({ name }) => name)
      dialog.close()
      onDone(keys.filter(({ name }, at) => keys.findIndex((key) => key.name === name) === at))
    } }) })
}

/** A long text cannot be sorted by, because a cursor holds the values that it stands at. */
export const sortable = (collection) => collection.allFields
  .filter(({ type }) => !['multiline', 'json', 'secret', 'file', 'object', 'array'].includes(type))

/** Asks which fields the list shows. */
export function openColumns({ collection, columns, onDone }) {
  const choice = checkboxes({ name: 'columns', label: 'Columns', value: columns.map((field) => field.name),
    options: collection.allFields.map((field) => [field.name, field.title]) })
  openDialog({ title: 'Columns', wide: true, content: (dialog) => form({
    fields: [{ ...choice, fault: () => (choice.value().length === 0 ? 'Choose at least one.' : null) }],
    submitLabel: 'Apply', cancel: element('span', {}, button({ label: 'Usual columns', quiet: true, onClick: () => {
      dialog.close()
      onDone([])
    } })),
    onSubmit: ({ columns: names }) => {
      dialog.close()
      onDone(collection.allFields.filter((field) => names.includes(field.name)))
    } }) })
}
