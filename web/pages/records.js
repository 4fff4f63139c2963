import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { PagedList } from '../components/paged-list.js'
import { emptyState } from '../components/states.js'
import { toast, toastProblem } from '../components/toast.js'
import { commands } from '../commands.js'
import { debounce, element } from '../dom.js'
import { follow } from '../follow.js'
import { ApplianceProblem } from '../problem.js'
import { rememberQuery } from '../router.js'
import { sortable } from '../records/list-dialogs.js'
import { fieldNames, mainColumn, readState, requestPairs, statePairs, toggledSort } from '../records/list-state.js'
import { listToolbar } from '../records/list-toolbar.js'
import { isNumeric, valueCell } from '../records/values.js'
import { collectionPage } from './collection-page.js'

const pageSize = 50
const refreshMilliseconds = 300

/** One collection as a list: its columns, filters and order come from its declaration and live in the address. */
export function recordsPage(context) {
  return collectionPage(context, {
    title: ({ collection }) => collection.title,
    actions: ({ shop, collection }) => [
      collection.canImport && shop.may('create', collection) && buttonLink({ label: 'Import', icon: 'upload',
        href: shop.address(collection.name, 'import') }),
      exportButton({ shop, collection }),
      shop.may('create', collection) && buttonLink({ label: `New ${collection.singular.toLowerCase()}`, icon: 'plus',
        primary: true, href: shop.address(collection.name, 'new') })],
    view: ({ shop, collection }) => listView({ ...context, shop, collection }),
  })
}

function listView({ shop, collection, query, path, signal }) {
  let state = readState(collection, query)
  const line = cliLine(commands.recordList(shop, collection, requestPairs(state)))
  const change = (part) => {
    state = readState(collection, new URLSearchParams(statePairs(collection, { ...state, ...part })))
    rememberQuery(path, statePairs(collection, state))
    line.update(commands.recordList(shop, collection, requestPairs(state)))
    toolbar.draw()
    list.reload({ isQuiet: true })
  }
  const toolbar = listToolbar({ shop, collection, state: () => state, onChange: change })
  const list = new PagedList({
    caption: collection.title, noun: 'record', narrow: 'scroll',
    columns: () => columnsOf({ shop, collection, state, change }),
    load: (cursor) => shop.get(collection.path, { signal, query: [...requestPairs(state), ['cursor', cursor],
      ['limit', pageSize], ['fields', fieldNames(collection, state.columns)]] }),
    count: collection.canCount ? () => countAll({ shop, collection, state, signal }) : undefined,
    empty: () => emptyList({ shop, collection, state }),
  })
  list.reload()
  // Several changes in a row are one look.
  follow(shop, collection.name, debounce(() => list.refresh(), refreshMilliseconds), signal)
  return element('div', { class: 'stack' }, toolbar.element, list.element, line)
}

async function countAll({ shop, collection, state, signal }) {
  const query = [...requestPairs(state), ['count', 'exact'], ['limit', 1], ['fields', 'id']]
  return (await shop.get(collection.path, { signal, query })).total
}

function columnsOf({ shop, collection, state, change }) {
  const main = mainColumn(collection, state.columns)
  return state.columns.map((field) => ({
    title: field.title, main: field === main, align: isNumeric(field) ? 'end' : undefined,
    cell: (record) => (field === main ? recordLink({ shop, collection, field, record })
      : valueCell(shop, field, record)),
    ...sorting({ collection, field, state, change }),
  }))
}

function recordLink({ shop, collection, field, record }) {
  const isLink = ['reference', 'email', 'phone'].includes(field.type)
  const value = isLink ? record[field.name] ?? '–' : valueCell(shop, field, record)
  return element('a', { href: shop.address(collection.name, record.id) }, value === '–' ? record.id : value)
}

// A click sorts by this field alone; with Shift it joins the keys that are there.
function sorting({ collection, field, state, change }) {
  if (!sortable(collection).includes(field)) return {}
  const key = state.sort.find(({ name }) => name === field.name)
  const sorted = key && (key.descending ? 'descending' : 'ascending')
  const heading = element('button', { type: 'button', class: 'column-sort', title: 'Shift adds it to the order',
    onClick: (event) => change({ sort: toggledSort(state.sort, field.name, event.shiftKey) }) },
  field.title, element('span', { class: 'column-arrow', 'aria-hidden': 'true' }, key ? (key.descending ? '↓' : '↑')
    : ''))
  return { heading, sorted }
}

function exportButton({ shop, collection }) {
  const save = async () => {
    const state = readState(collection, new URLSearchParams(location.hash.split('?')[1] ?? ''))
    try {
      const file = await shop.download(collection.path, 'text/csv', { query: requestPairs(state) })
      saveFile(file, `${shop.slug}-${collection.name}.csv`)
      toast(`${collection.title} exported`)
    } catch (error) {
      toastProblem(ApplianceProblem.from(error))
    }
  }
  return button({ label: 'Export CSV', icon: 'download', onClick: save })
}

function saveFile(file, name) {
  const link = element('a', { href: URL.createObjectURL(file), download: name })
  link.click()
  // The browser has taken hold of it by the next turn.
  setTimeout(() => URL.revokeObjectURL(link.href))
}

function emptyList({ shop, collection, state }) {
  if (state.q || state.filters.length > 0) {
    return emptyState({ icon: 'search', title: 'No record fits', text: 'Try another word, or fewer filters.' })
  }
  const mayCreate = shop.may('create', collection)
  return emptyState({ icon: 'box', title: 'No records yet',
    text: mayCreate ? 'Make the first one, or import a CSV file.' : 'Your role may look at what others make.',
    action: mayCreate && buttonLink({ label: `New ${collection.singular.toLowerCase()}`, icon: 'plus',
      href: shop.address(collection.name, 'new') }) })
}
