import { count, money } from '../format.js'
import { time } from './time.js'

const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const moneyFields = /^(amount|price|total|subtotal|tax|balance|cost)$|(Amount|Price|Total|Cost)$/

/** The value of one field as a person reads it. */
export function cellFor({ name }, record) {
  const value = record[name]
  if (value === null || value === undefined || value === '') return '–'
  if (typeof value === 'boolean') return value ? 'Yes' : 'No'
  if (typeof value === 'number') return numberCell(name, value, record.currency)
  if (typeof value === 'object') return JSON.stringify(value)
  return instant.test(value) ? time(value) : value
}

// Money is stored in minor units beside its currency; without one it is a plain number.
function numberCell(name, value, currency) {
  return currency && moneyFields.test(name) ? money(value, currency) : count(value)
}
