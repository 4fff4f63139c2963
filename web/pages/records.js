import { cellFor } from '../components/record-cell.js'
import { pageHeader } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { toolbar } from '../components/toolbar.js'
import { collectionsIn, titled } from '../collections.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { rememberQuery } from '../router.js'

const pageSize = 50
const columnsShown = 8

/** One collection, to read: search, table, paging. Its columns come from the OpenAPI document. */
export function recordsPage({ api, params, query, path, signal, setTitle }) {
  const tenant = params.slug ?? null
  const title = titled(params.collection)
  setTitle(title)
  const filters = { q: query.get('q') ?? '' }
  const { element: place } = loadInto({
    load: async () => find(collectionsIn(await api.get('/api/openapi.json', { tenant, signal })), params.collection),
    view: (collection) => recordsView({ api, tenant, collection, filters, path, signal }),
  })
  const up = path.slice(0, path.lastIndexOf('/'))
  return element('div', { class: 'page' },
    pageHeader({ title, back: { href: `#${up}`, label: tenant ? `Records of ${tenant}` : 'Records' } }), place)
}

function find(collections, name) {
  const found = collections.find((collection) => collection.name === name)
  if (found) return found
  throw new ApplianceProblem({ title: 'Not found', status: 404, detail: `There is no collection “${name}” here.` })
}

function recordsView({ api, tenant, collection, filters, path, signal }) {
  const list = new PagedList({
    caption: collection.title, noun: 'record', narrow: 'scroll', columns: columnsOf(collection),
    load: (cursor) => api.get(collection.path, { tenant, signal, query: { ...filters, cursor, limit: pageSize } }),
    empty: () => emptyState({ icon: 'box', title: filters.q ? 'No record fits' : 'No records yet' }),
  })
  list.reload()
  return element('div', { class: 'stack' },
    toolbar({ searchLabel: `Search ${collection.title.toLowerCase()}`, filters, onChange: ({ q }) => {
      filters.q = q
      rememberQuery(path, filters)
      list.reload({ isQuiet: true })
    } }),
    list.element)
}

function columnsOf({ fields }) {
  return fields.slice(0, columnsShown).map((field, index) => ({
    title: field.title, main: index === 0, cell: (record) => cellFor(field, record),
    align: ['integer', 'number'].includes(field.type) ? 'end' : undefined,
  }))
}
