import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { facts, panel } from '../components/page-header.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { openDelete } from '../records/delete.js'
import { openErase } from '../records/erase.js'
import { historyPanel } from '../records/history.js'
import { labelOf } from '../records/labels.js'
import { valueNode } from '../records/values.js'
import { collectionPage } from './collection-page.js'

/** One record: every field, what refers to it, and what can be done with it. */
export function recordPage(context) {
  const { id } = context.params
  return collectionPage(context, {
    title: ({ collection, record }) => labelOf(collection, record),
    back: listLink,
    load: async ({ shop, collection }) => ({ record: await readRecord(shop, collection, id, context.signal) }),
    actions: recordActions,
    view: (given) => recordView({ ...given, signal: context.signal }),
  })
}

/** Reads one record by its id. */
export function readRecord(shop, collection, id, signal) {
  return shop.get(`${collection.path}/${encodeURIComponent(id)}`, { signal })
}

/** The way back to the list of a collection. */
export function listLink({ shop, collection }) {
  return { href: shop.address(collection.name), label: collection.title }
}

function recordActions({ shop, collection, record }) {
  const leave = () => { location.hash = shop.address(collection.name) }
  return [
    collection.canErase && shop.may('delete', collection, record)
      && button({ label: 'Erase person…', onClick: () => openErase({ shop, collection, record }) }),
    shop.may('delete', collection, record) && button({ label: 'Delete…', icon: 'trash',
      onClick: () => openDelete({ shop, collection, record, onDone: leave }) }),
    shop.may('update', collection, record) && buttonLink({ label: 'Edit', icon: 'edit', primary: true,
      href: shop.address(collection.name, record.id, 'edit') })]
}

function recordView({ shop, collection, record, signal }) {
  return element('div', { class: 'stack' },
    panel({ title: collection.singular }, facts(collection.fields.map((field) => (
      [field.title, fieldValue(shop, field, record)])))),
    relatedPanel({ shop, collection, record }),
    panel({ title: 'Record' }, facts([
      ['Id', element('code', {}, record.id)],
      ['Created', valueNode(shop, { name: 'createdAt', type: 'instant' }, record)],
      ['Changed', [valueNode(shop, { name: 'updatedAt', type: 'instant' }, record), ', ',
        `version ${record.version}`]],
    ])),
    shop.managesUsers && historyPanel({ shop, collection, record, signal }),
    cliLine(commands.recordShow(shop, collection, record.id)))
}

function fieldValue(shop, field, record) {
  const value = valueNode(shop, field, record)
  return field.type === 'multiline' ? element('span', { class: 'long-text' }, value) : value
}

// What refers to this record, found by the references that other collections declare.
function relatedPanel({ shop, collection, record }) {
  const links = shop.collections.flatMap((other) => other.fields
    .filter((field) => field.target === collection.name)
    .map((field) => element('li', {}, element('a', {
      href: `${shop.address(other.name)}?${new URLSearchParams({ [field.name]: record.id })}` },
    `${other.title} of this ${collection.singular.toLowerCase()}`))))
  return links.length > 0 && panel({ title: 'Related' }, element('ul', { class: 'link-list' }, links))
}
