import { badge } from '../components/badge.js'
import { element } from '../dom.js'
import { count, utcTime } from '../format.js'
import { money } from '../money.js'
import { zonedTime } from '../zoned-time.js'
import { fileView } from './file-view.js'

const nothing = '–'
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })
const longTextShown = 80

/** The value of one field as a person reads it: money in its currency, times on the shop's clock, a label for an id. */
export function valueNode(shop, field, record) {
  const value = record[field.name]
  if (field.type === 'secret') return 'Not shown'
  if (value === null || value === undefined || value === '') return nothing
  return (views[field.type] ?? plain)({ shop, field, record, value })
}

/** The same in one line of a table: a long text is cut, and can be read in full where the record is shown. */
export function valueCell(shop, field, record) {
  const value = record[field.name]
  if (typeof value !== 'string' || value.length <= longTextShown || isLinked(field)) {
    return valueNode(shop, field, record)
  }
  return element('span', { title: value }, `${value.slice(0, longTextShown)}…`)
}

/** Numbers stand at the end of their column, so that their digits can be compared. */
export const isNumeric = ({ type }) => ['integer', 'number', 'decimal', 'money', 'weight', 'rate'].includes(type)

const isLinked = ({ type }) => ['reference', 'id', 'instant', 'file'].includes(type)

const views = {
  money: ({ shop, field, record, value }) => money(value, record[field.currency] ?? shop.currency),
  integer: ({ value }) => count(value),
  boolean: ({ value }) => (value ? 'Yes' : 'No'),
  choice: ({ value }) => badge(value),
  date: ({ value }) => element('time', { datetime: value }, dayFormat.format(new Date(`${value}T00:00:00Z`))),
  instant: ({ shop, value }) => element('time', { datetime: value, title: utcTime(value) },
    zonedTime(value, shop.zone)),
  id: ({ value }) => element('code', {}, value),
  email: ({ value }) => element('a', { href: `mailto:${value}` }, value),
  phone: ({ value }) => element('a', { href: `tel:${value.replace(/[^\d+]/g, '')}` }, value),
  reference: ({ shop, field, value }) => referenceLink(shop, field, value),
  references: ({ shop, field, value }) => (value.length > 0 ? value.flatMap((id, index) => (
    [index > 0 && ', ', referenceLink(shop, field, id)].filter(Boolean))) : nothing),
  file: ({ shop, value }) => fileView(shop, value),
}

function plain({ value }) {
  return typeof value === 'object' ? element('code', {}, JSON.stringify(value)) : String(value)
}

function referenceLink(shop, field, id) {
  if (!field.target || !shop.collection(field.target)) return element('code', {}, id)
  const link = element('a', { href: shop.address(field.target, id) })
  shop.labels.show(link, field.target, id)
  return link
}
