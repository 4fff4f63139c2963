import { asSeenBy, collectionsIn } from './collections.js'
import { Labels } from './records/labels.js'

/** What roles may do with records where a collection declares nothing else. */
const usualPermissions = {
  owner: ['read', 'create', 'update', 'delete'], admin: ['read', 'create', 'update', 'delete'],
  staff: ['read', 'create', 'update'], viewer: ['read'],
}

/**
 * One shop, for the pages that look into it: its collections, clock and currency, and requests that say which shop is
 * meant. A shop's user is in their own; an operator acts in one by its slug, which the server writes into its log.
 */
export class Shop {
  #api
  #acting
  #granted

  /** `acting` is the slug that an operator names with each request, null for the shop's own user. */
  constructor({ api, tenant, collections, acting, user }) {
    this.#api = api
    this.#acting = acting
    this.slug = tenant.slug
    this.name = tenant.name
    this.status = tenant.status
    this.zone = tenant.timeZone ?? 'UTC'
    this.currency = tenant.currency ?? 'USD'
    this.isActing = acting !== null
    // A role of the shop's own sees the fields of the role it is based on, and of that does what it names.
    this.role = user.baseRole ?? user.role
    this.#granted = user.may ?? null
    this.collections = collections.map((one) => asSeenBy(this.role, one)).filter((one) => this.#names('read', one))
    this.userId = user.id
    this.labels = new Labels(this)
  }

  /** The route below which this shop's pages live. */
  get base() {
    return this.isActing ? `/tenants/${this.slug}` : '/shop'
  }

  /**
   * May this user “create”, “update” or “delete” here, with this record where one is given? The server decides; this
   * keeps buttons away that it refuses.
   */
  may(operation, collection, record = null) {
    const offered = { create: collection.canCreate, update: collection.canChange, delete: collection.canDelete }
    if (this.role === 'operator') return offered[operation]
    const granted = collection.permissions?.[this.role] ?? usualPermissions[this.role] ?? []
    const isOther = record && collection.own[this.role]?.includes(operation)
      && record[collection.ownerField] !== this.userId
    return offered[operation] && granted.includes(operation) && this.#names(operation, collection) && !isOther
  }

  // Whether a role of the shop's own says so; for all others there is nothing to say.
  #names(operation, { name }) {
    return this.#granted === null || Boolean(this.#granted[name]?.includes(operation))
  }

  get managesUsers() {
    return this.#granted === null && ['operator', 'owner', 'admin'].includes(this.role)
  }

  collection(name) {
    return this.collections.find((one) => one.name === name) ?? null
  }

  /** The address of a collection's list, or of something below it. */
  address(collection, ...rest) {
    return `#${[this.base, 'records', collection, ...rest.map(encodeURIComponent)].join('/')}`
  }

  get(path, options) {
    return this.#api.get(path, this.#named(options))
  }

  post(path, body, options) {
    return this.#api.post(path, body, this.#named(options))
  }

  patch(path, body, options) {
    return this.#api.patch(path, body, this.#named(options))
  }

  put(path, body, options) {
    return this.#api.put(path, body, this.#named(options))
  }

  delete(path, options) {
    return this.#api.delete(path, this.#named(options))
  }

  download(path, type, options) {
    return this.#api.download(path, type, this.#named(options))
  }

  stream(path, options) {
    return this.#api.stream(path, this.#named(options))
  }

  /** Uploads a file; answers what is known of it, its id first of all. */
  upload(file, options) {
    return this.#api.upload('/api/files', file, this.#named({ ...options, query: { name: file.name } }))
  }

  #named(options) {
    return this.#acting ? { ...options, tenant: this.#acting } : options
  }
}

const keptMilliseconds = 60_000

/** Reads shops and keeps each for a minute, so that going from page to page does not read the declarations again. */
export class Shops {
  #api
  #session
  #kept = new Map()
  /** Told when what is known of a shop no longer holds. */
  onForget = () => {}

  constructor(api, session) {
    this.#api = api
    this.#session = session
  }

  /** The shop an operator acts in by `slug`; without one the signed-in user's own. */
  open(slug = null) {
    const kept = this.#kept.get(slug)
    if (kept && Date.now() - kept.since < keptMilliseconds) return kept.shop
    const shop = this.#read(slug)
    this.#kept.set(slug, { shop, since: Date.now() })
    shop.catch(() => this.#kept.delete(slug))
    return shop
  }

  /** Reads the shop anew when it is asked for next: its declarations were changed. */
  forget(slug = null) {
    this.#kept.delete(slug)
    this.onForget()
  }

  async #read(acting) {
    // Refused without leave to act in the shop: then nothing else is tried.
    if (acting) await this.#api.get('/api/shop', { tenant: acting })
    const [document, tenant] = await Promise.all([
      this.#api.get('/api/openapi.json', { tenant: acting }),
      acting ? this.#api.get(`/api/admin/tenants/${encodeURIComponent(acting)}`) : this.#session.tenant])
    const collections = collectionsIn(document, tenant.modules)
    return new Shop({ api: this.#api, tenant, collections, acting, user: this.#session.user })
  }
}
