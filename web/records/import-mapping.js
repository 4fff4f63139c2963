import { table } from '../components/table.js'
import { element, uniqueID } from '../dom.js'

const leaveOut = ''
const sampleLength = 40

/**
 * What a column of a file may fill: every field that can be entered, and for a reference also each unique field of its
 * target, as `customerId.externalId`. Pairs of path and label.
 */
export function columnFields(shop, collection) {
  return collection.fields.filter((field) => !field.isReadOnly).flatMap((field) => {
    const target = field.type === 'reference' ? shop.collection(field.target) : null
    const keys = target?.fields.filter(({ isUnique, type }) => isUnique ?? type === 'text') ?? []
    return [[field.name, target ? `${field.title} (id)` : field.title],
      ...keys.map((key) => [`${field.name}.${key.name}`, `${field.title} by ${key.title.toLowerCase()}`])]
  })
}

/** `map=COLUMN=FIELD` for each column that is not named as its field is. */
export function mapFrom(header, chosen) {
  return header.flatMap((column, at) => (
    chosen[at] === leaveOut || chosen[at] === column ? [] : [`${column}=${chosen[at]}`]))
}

/** The field a column most likely means: the same name, whatever its case, spaces and signs; else none. */
export function likelyField(column, targets) {
  const plain = (text) => text.toLowerCase().replace(/[^\p{L}\p{N}.]/gu, '')
  return targets.find(([path]) => path === column)?.[0]
    ?? targets.find(([path, label]) => [plain(path), plain(label)].includes(plain(column)))?.[0] ?? leaveOut
}

/** A row for each column: its name, the field it fills, and what stands in the first rows. */
export function mappingTable({ head, targets }) {
  const error = element('p', { class: 'field-error', id: uniqueID('error'), hidden: true })
  const choices = head.header.map((column) => choice(column, targets))
  const columns = [
    { title: 'Column', main: true, cell: ({ column }) => column || '(no name)' },
    { title: 'Fills', cell: ({ at }) => choices[at] },
    { title: 'In the first rows', cell: ({ at }) => samples(head.rows, at) },
  ]
  const items = head.header.map((column, at) => ({ column, at }))
  return {
    element: element('div', { class: 'stack-tight' }, table({ caption: 'Columns of the file', columns, items }), error),
    chosen: () => choices.map((select) => select.value),
    focus: () => choices[0].focus(),
    fault: () => fault(head.header, choices.map((select) => select.value), targets),
    showError(message) {
      error.textContent = message ?? ''
      error.hidden = !message
    },
  }
}

function samples(rows, at) {
  const texts = rows.map((row) => row[at]?.trim()).filter(Boolean).map((text) => text.slice(0, sampleLength))
  return texts.length > 0 ? texts.join(' · ') : '–'
}

// A column that is called as a field is always taken for it, so it cannot be left out.
function choice(column, targets) {
  const isField = targets.some(([path]) => path === column)
  return element('select', { class: 'input', 'aria-label': `Field for column ${column}` },
    [...(isField ? [] : [[leaveOut, 'Leave out']]), ...targets].map(([path, label]) => element('option',
      { value: path, selected: path === likelyField(column, targets) }, label)))
}

function fault(header, chosen, targets) {
  if (chosen.every((path) => path === leaveOut)) return 'No column fills a field yet.'
  const field = (path) => path.split('.')[0]
  const twice = chosen.find((path, at) => path !== leaveOut
    && chosen.findIndex((other) => field(other) === field(path)) !== at)
  if (twice) return `Two columns fill ${targets.find(([path]) => path === twice)[1]}.`
  const equals = header.find((column, at) => column.includes('=') && chosen[at] !== leaveOut)
  return equals ? `The column ${equals} has a = in its name; give it another one in the file.` : null
}
