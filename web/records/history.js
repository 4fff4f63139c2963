import { panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { loadInto } from '../components/panel-loader.js'
import { element } from '../dom.js'
import { actorText, userEmails } from './actor.js'
import { valueNode } from './values.js'

const pageSize = 20
const words = { create: 'Created', update: 'Changed', delete: 'Deleted', purge: 'Purged', erase: 'Person erased' }

/** What happened to one record, the latest first: who changed which field from what to what. For who reads the log. */
export function historyPanel({ shop, collection, record, signal }) {
  const { element: place } = loadInto({
    load: () => userEmails(shop, signal),
    view: (emails) => historyList({ shop, collection, record, emails, signal }),
  })
  return panel({ title: 'History', id: 'history' }, place)
}

function historyList({ shop, collection, record, emails, signal }) {
  const list = new PagedList({
    caption: 'History', noun: 'event', narrow: 'cards',
    columns: [
      { title: 'What', main: true, cell: ({ action }) => actionWord(collection, action) },
      { title: 'When', cell: (event) => valueNode(shop, { name: 'at', type: 'instant' }, event) },
      { title: 'Who', cell: ({ actor }) => actorText(emails, actor) },
      { title: 'Fields', cell: ({ data }) => changes({ shop, collection, data }) },
    ],
    load: (cursor) => shop.get('/api/audit', { signal, query: { target: record.id, cursor, limit: pageSize } }),
    empty: () => element('p', { class: 'muted' }, 'Nothing since an import made it.'),
  })
  list.reload()
  return list.element
}

function actionWord(collection, action) {
  const verb = action.slice(collection.name.length + 1)
  return words[verb] ?? verb.replaceAll('-', ' ')
}

// Only a change has both sides; of what is new, or gone, there is one.
function changes({ shop, collection, data }) {
  const { old: before = {}, new: after = {} } = data ?? {}
  const fields = collection.fields.filter(({ name }) => name in before || name in after)
  if (fields.length === 0) return '–'
  const value = (field, values) => (hidden[values[field.name]] ?? valueNode(shop, field, values))
  return element('ul', { class: 'changes' }, fields.map((field) => element('li', {},
    element('span', { class: 'muted' }, `${field.title}: `),
    field.name in before && field.name in after
      ? [value(field, before), element('span', { 'aria-label': 'became' }, ' → '), value(field, after)]
      : value(field, field.name in after ? after : before))))
}

// The log says of these only that there was something.
const hidden = { '[personal]': '(personal)', '[secret]': '(secret)' }
