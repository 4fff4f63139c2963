/** How many fields a list shows when nobody has chosen any. */
const columnsShown = 7
const neverChosen = new Set(['multiline', 'json', 'secret', 'file', 'currency', 'object', 'array'])
/** The server takes no more keys than these. */
export const sortKeysAtMost = 4

const ownParameters = new Set(['q', 'sort', 'columns'])

/**
 * What a list shows and in which order, as the address of the page holds it: `?q=`, `?sort=-price,name`, `?columns=`
 * and one `field[operator]=value` for each filter, written as the API reads them.
 */
export function readState(collection, query) {
  const known = (name) => collection.allFields.find((field) => field.name === name)
  const filters = [...query].filter(([name]) => !ownParameters.has(name)).map(([name, value]) => {
    const [, fieldName, operator = 'eq'] = /^([^[]+)(?:\[(\w+)\])?$/.exec(name) ?? []
    return { field: known(fieldName), operator, value }
  }).filter(({ field }) => field)
  const chosen = (query.get('columns') ?? '').split(',').map(known).filter(Boolean)
  return { q: query.get('q') ?? '', sort: readSort(query.get('sort'), known), filters,
    columns: chosen.length > 0 ? chosen : usualColumns(collection) }
}

/** The pairs of the address; columns are left out while they are the usual ones. */
export function statePairs(collection, { q, sort, filters, columns }) {
  const names = columns.map((field) => field.name).join(',')
  const usual = usualColumns(collection).map((field) => field.name).join(',')
  return [...(q ? [['q', q]] : []), ...filters.map(filterPair), ...(sort.length > 0 ? [['sort', sortText(sort)]] : []),
    ...(names === usual ? [] : [['columns', names]])]
}

/** The pairs of a list request: what is searched and in which order, without what the page alone knows. */
export function requestPairs({ q, sort, filters }) {
  return [...(q ? [['q', q]] : []), ...filters.map(filterPair), ...(sort.length > 0 ? [['sort', sortText(sort)]] : [])]
}

/** The fields a list asks for: the columns, and what their cells need beside themselves. */
export function fieldNames(collection, columns) {
  const currencies = columns.filter((field) => field.type === 'money').map((field) => field.currency)
    .filter((name) => collection.fields.some((field) => field.name === name))
  const names = columns.map((field) => field.name)
  return [...new Set(['id', collection.titleField.name, ...names, ...currencies])].join(',')
}

export const sortText = (sort) => sort.map(({ name, descending }) => (descending ? `-${name}` : name)).join(',')

/** Goes round ascending → descending → not at all. `isAdded` keeps the other keys and puts a new one behind them. */
export function toggledSort(sort, name, isAdded) {
  const key = sort.find((one) => one.name === name)
  const turned = key?.descending ? [] : [{ name, descending: Boolean(key) }]
  if (!isAdded) return turned
  if (!key) return [...sort, ...turned].slice(0, sortKeysAtMost)
  return sort.flatMap((one) => (one === key ? turned : [one]))
}

function filterPair({ field, operator, value }) {
  return [operator === 'eq' ? field.name : `${field.name}[${operator}]`, value]
}

function readSort(text, known) {
  return (text ?? '').split(',').filter(Boolean)
    .map((part) => ({ name: part.replace(/^-/, ''), descending: part.startsWith('-') }))
    .filter(({ name }) => known(name)).slice(0, sortKeysAtMost)
}

/** The column whose cell leads to the record: its name, else the first that is no link of its own. */
export function mainColumn({ titleField }, columns) {
  if (columns.includes(titleField)) return titleField
  return columns.find(({ type }) => !['reference', 'email', 'phone'].includes(type)) ?? columns[0]
}

/** Its name first, then what fits in a row: no long texts, and no currency beside an amount that shows it. */
function usualColumns({ fields, titleField }) {
  const short = fields.filter((field) => field !== titleField && !neverChosen.has(field.type))
  return [...(titleField.isSystem ? [] : [titleField]), ...short].slice(0, columnsShown)
}
