const idsPerRequest = 100

/**
 * What people call the records that other records refer to by id. Ids asked for at the same time become one request
 * for each collection, and an answer is kept for as long as the page shows this shop.
 */
export class Labels {
  #shop
  #known = new Map()
  #wanted = new Map()

  constructor(shop) {
    this.#shop = shop
  }

  /** Puts the label of a record into `node` once it is known; until then, and without a right to read it, the id. */
  show(node, collectionName, id) {
    const known = this.#known.get(key(collectionName, id))
    node.textContent = known ?? id
    if (known === undefined) this.#want(collectionName, id, node)
  }

  /** Remembers a label that came along with something else. */
  keep(collection, record) {
    const text = labelOf(collection, record)
    this.#known.set(key(collection.name, record.id), text)
    return text
  }

  #want(collectionName, id, node) {
    if (this.#wanted.size === 0) queueMicrotask(() => this.#ask())
    const ids = this.#wanted.get(collectionName) ?? new Map()
    ids.set(id, [...(ids.get(id) ?? []), node])
    this.#wanted.set(collectionName, ids)
  }

  #ask() {
    const wanted = this.#wanted
    this.#wanted = new Map()
    for (const [name, nodes] of wanted) {
      const collection = this.#shop.collection(name)
      const ids = [...nodes.keys()]
      for (let start = 0; collection && start < ids.length; start += idsPerRequest) {
        this.#read(collection, ids.slice(start, start + idsPerRequest), nodes)
      }
    }
  }

  async #read(collection, ids, nodes) {
    const fields = [...new Set(['id', collection.titleField.name])].join(',')
    const query = { 'id[in]': ids.join(','), fields, limit: ids.length }
    // The ids stand there already: whoever may not read the names still has something to go by.
    const { items } = await this.#shop.get(collection.path, { query }).catch(() => ({ items: [] }))
    for (const record of items) {
      const text = this.keep(collection, record)
      nodes.get(record.id)?.forEach((node) => { node.textContent = text })
    }
  }
}

/** What people call a record; its id when the field that names it is empty. */
export function labelOf(collection, record) {
  const value = record[collection.titleField.name]
  return value === null || value === undefined || value === '' ? record.id : String(value)
}

const key = (name, id) => `${name}/${id}`
