import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { element } from '../dom.js'
import { titled } from '../collections.js'
import { actorText, userEmails } from '../records/actor.js'
import { valueNode } from '../records/values.js'
import { shopPage } from './shop-page.js'

const pageSize = 50
const happenedAt = { name: 'at', type: 'instant' }

/** Who did what in a shop, newest first. It can be added to but not changed, by nobody. */
export function auditPage(context) {
  return shopPage(context, {
    title: 'Audit log',
    load: async (shop) => ({ emails: await userEmails(shop, context.signal) }),
    view: ({ shop, emails }) => ({ title: 'Audit log', parts: [eventList({ shop, emails, signal: context.signal })],
      lead: 'Who did what here, written in the same moment as the change. Nobody can change or delete a line.' }),
  })
}

function eventList({ shop, emails, signal }) {
  const list = new PagedList({
    caption: 'Events', noun: 'event',
    columns: [
      { title: 'When', cell: (event) => valueNode(shop, happenedAt, event) },
      { title: 'What', main: true, cell: ({ action }) => actionText(shop, action) },
      { title: 'On', cell: (event) => target(shop, emails, event) },
      { title: 'Who', cell: ({ actor }) => actorText(emails, actor) },
      { title: 'Details', minor: true, cell: ({ data }) => details(data) },
    ],
    load: (cursor) => shop.get('/api/audit', { signal, query: { cursor, limit: pageSize } }),
    empty: () => emptyState({ icon: 'history', title: 'Nothing happened yet' }),
  })
  list.reload()
  return list.element
}

// “customers.update” → “Customer: update”; what is about no collection keeps its own word.
function actionText(shop, action) {
  const [name, verb] = action.split('.')
  return `${shop.collection(name)?.singular ?? titled(name)}: ${verb?.replaceAll('-', ' ') ?? ''}`
}

function target(shop, emails, { action, target: id }) {
  if (!id) return '–'
  const collection = shop.collection(action.split('.')[0])
  if (!collection) return emails.get(id) ?? element('code', {}, id)
  const link = element('a', { href: shop.address(collection.name, id) })
  shop.labels.show(link, collection.name, id)
  return link
}

function details(data) {
  if (!data) return '–'
  const told = typeof data === 'string' ? parsed(data) : data
  if (Array.isArray(told?.fields)) return told.fields.map(titled).join(', ')
  return element('code', {}, JSON.stringify(told))
}

function parsed(text) {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
