import { money } from '../money.js'
import { zonedTime } from '../zoned-time.js'

const words = {
  eq: 'is', ne: 'is not', like: 'contains', in: 'is one of', gt: 'is more than', gte: 'is at least',
  lt: 'is less than', lte: 'is at most', empty: 'is empty', filled: 'is not empty',
}
const wordsOfTime = { gt: 'is after', gte: 'is from', lt: 'is before', lte: 'is up to' }
const wordsOfText = { gt: 'sorts after', gte: 'sorts from', lt: 'sorts before', lte: 'sorts up to' }
const ordered = ['eq', 'gte', 'lte', 'gt', 'lt', 'ne', 'in']
const named = ['eq', 'ne', 'in']
const texts = ['like', 'eq', 'ne', 'in', 'gt', 'gte', 'lt', 'lte']

const operatorsOfType = {
  integer: ordered, money: ordered, number: ordered, decimal: ordered, weight: ordered, rate: ordered,
  date: ordered, instant: ordered.filter((one) => one !== 'in'), boolean: ['eq', 'ne'], choice: named,
  currency: named, country: named, reference: named, id: named,
}

/** What a field can be filtered by, as `[operator, words]`; “empty” is the API's `null` and no operator of its own. */
export function operatorsOf(field) {
  const own = operatorsOfType[field.type] ?? texts
  return [...own, ...(field.isSystem ? [] : ['empty', 'filled'])].map((one) => [one, wordsFor(field, one)])
}

/** A filter of the page as the API has it: `{ field, operator, value }`. */
export function filterFrom(field, operator, value) {
  if (operator === 'empty') return { field, operator: 'eq', value: 'null' }
  if (operator === 'filled') return { field, operator: 'ne', value: 'null' }
  if (operator === 'like') return { field, operator, value: /[%_]/.test(value) ? value : `%${value}%` }
  return { field, operator, value }
}

/** The way back, for changing a filter: which operator and value the page shows for it. */
export function shownFilter({ operator, value }) {
  if (value === 'null') return { operator: operator === 'ne' ? 'filled' : 'empty', value: '' }
  const inner = operator === 'like' && /^%([^%_]*)%$/.exec(value)
  return { operator, value: inner ? inner[1] : value }
}

/** “Price is at least ₹500.00”. */
export function filterText(shop, filter) {
  const { operator, value } = shownFilter(filter)
  const { field } = filter
  const isPattern = operator === 'like' && /[%_]/.test(value)
  const shown = operator === 'in' ? value.split(',').map((one) => valueText(shop, field, one)).join(', ')
    : valueText(shop, field, value)
  return [field.title, isPattern ? 'is like' : wordsFor(field, operator), shown].filter(Boolean).join(' ')
}

function wordsFor(field, operator) {
  if (['date', 'instant'].includes(field.type)) return wordsOfTime[operator] ?? words[operator]
  return (operatorsOfType[field.type] ? null : wordsOfText[operator]) ?? words[operator]
}

function valueText(shop, field, value) {
  if (value === '') return ''
  if (field.type === 'money') return money(Number(value), shop.currency)
  if (field.type === 'instant' && value.includes('T')) return zonedTime(value, shop.zone)
  if (field.type === 'boolean') return value === 'true' ? 'Yes' : 'No'
  return value
}
