/**
 * The collections of an OpenAPI document that a shop has. A collection is a path `/api/<name>` whose `get` carries the
 * tag “collections”; `x-collection` gives titles and the order of its fields, the schemas say what a value may be.
 * `modules` are the shop's: what `x-modules` counts to another module is left out.
 */
export function collectionsIn(document, modules = null) {
  const missing = new Set(modules ? Object.entries(document['x-modules'] ?? {})
    .filter(([module]) => !modules.includes(module)).flatMap(([, names]) => names) : [])
  return Object.entries(document.paths ?? {})
    .filter(([path, item]) => /^\/api\/[A-Za-z0-9-]+$/.test(path) && item.get?.tags?.includes('collections'))
    .filter(([path]) => !missing.has(nameOf(path)))
    .map(([path, item]) => collection(path, item, document))
}

/** The collection as a role meets it: without the fields that it may not read, and those it may not set read-only. */
export function asSeenBy(role, collection) {
  const isFor = (roles) => role === 'operator' || !roles || roles.includes(role)
  const fields = collection.fields.filter(({ readableBy }) => isFor(readableBy))
    .map((field) => (isFor(field.writableBy) ? field : { ...field, isReadOnly: true }))
  if (fields.every((field, index) => field === collection.fields[index])) return collection
  const titleField = fields.find(({ name }) => name === collection.titleField.name)
    ?? systemFields.find(({ name }) => name === 'id')
  return { ...collection, fields, titleField, allFields: [...fields, ...systemFields],
    isSearchable: collection.isSearchable && fields.some((field) => field.isSearchable) }
}

/** What every record has beside the declared fields; set by the server, so to be read, filtered and sorted only. */
const systemFields = [
  { name: 'createdAt', title: 'Created', type: 'instant' },
  { name: 'updatedAt', title: 'Changed', type: 'instant' },
  { name: 'id', title: 'Id', type: 'id' },
].map((one) => ({ ...one, isSystem: true, isReadOnly: true, choices: [] }))

function collection(path, item, document) {
  const name = nameOf(path)
  const declared = item['x-collection'] ?? {}
  const record = recordProperties(item.get, document)
  const created = bodySchema(item.post, document)
  const names = declared.fields ?? Object.keys(record).filter((one) => !isSystem(one) && one !== 'version')
  const fields = names.map((one) => field(one, record, created))
  const one = document.paths[`${path}/{id}`] ?? {}
  return {
    name, path, fields, allFields: [...fields, ...systemFields],
    title: declared.title ?? titled(name), singular: declared.singular ?? titled(name),
    titleField: fields.find((one) => one.name === declared.titleField) ?? titleField(fields)
      ?? systemFields.find((one) => one.name === 'id'),
    isSearchable: declared.searchable !== false && hasParameter(item.get, 'q'),
    canCount: hasParameter(item.get, 'count'), canCreate: Boolean(item.post), canChange: Boolean(one.patch),
    permissions: declared.permissions ?? null, own: declared.own ?? {}, ownerField: declared.ownerField ?? null,
    canDelete: Boolean(one.delete),
    canErase: Boolean(document.paths[`${path}/{id}/erase`]?.post)
      || (isOwn(document, name) && fields.some((one) => one.isPersonal)),
    canImport: Boolean(document.paths[`${path}/import`]?.post),
  }
}

const isOwn = (document, name) => document['x-own-collections']?.includes(name) ?? false
const nameOf = (path) => path.slice('/api/'.length)
const isSystem = (name) => systemFields.some((one) => one.name === name)
const hasParameter = (operation, name) => Boolean(operation?.parameters?.some((one) => one.name === name))

// A field is declared by its name, or by an object that names it.
function field(declared, record, created) {
  const given = typeof declared === 'object' ? declared : { name: declared }
  const schema = record[given.name] ?? {}
  const type = given.type ?? typeOf(schema)
  return {
    name: given.name, type, schema,
    title: given.title ?? titled(type === 'reference' ? given.name.replace(/Id$/, '') : given.name),
    isRequired: created?.required?.includes(given.name) ?? false,
    isReadOnly: Boolean(created) && !(given.name in (created.properties ?? {})),
    choices: (given.choices ?? schema.enum ?? []).filter((one) => one !== null),
    target: targetOf(given, schema), currency: given.currency ?? 'currency', isUnique: given.unique ?? null,
    readableBy: given.readableBy ?? null, writableBy: given.writableBy ?? null, isSearchable: given.searchable ?? false,
    isImmutable: given.immutable ?? false, isPersonal: given.personal ?? false, accept: given.accept ?? [],
  }
}

const wordsOfFormats = { date: 'date', 'date-time': 'instant', email: 'email' }

function typeOf({ type, format, enum: choices }) {
  if (choices) return 'choice'
  const plain = [type].flat().find((one) => one !== 'null') ?? 'text'
  return wordsOfFormats[format] ?? (plain === 'string' ? 'text' : plain)
}

function targetOf(given, schema) {
  return given.reference ?? given.to ?? /^Id of a record of ([A-Za-z0-9-]+)$/.exec(schema.description ?? '')?.[1] ?? null
}

const titleLength = 200

// What people call a record by: its name, else the first short line of text that it has.
function titleField(fields) {
  return fields.find(({ name }) => ['name', 'title', 'label'].includes(name))
    ?? fields.find(({ type, schema }) => type === 'text' && (schema.maxLength ?? 0) <= titleLength)
}

function recordProperties(operation, document) {
  const list = resolve(operation.responses?.['200']?.content?.['application/json']?.schema, document)
  return resolve(list?.properties?.items?.items, document)?.properties ?? {}
}

function bodySchema(operation, document) {
  return resolve(operation?.requestBody?.content?.['application/json']?.schema, document)
}

function resolve(schema, document) {
  if (!schema?.$ref) return schema
  return schema.$ref.slice(2).split('/').reduce((part, key) => part?.[key], document)
}

const abbreviations = new Set(['gst', 'gstin', 'hsn', 'huid', 'pan', 'sku', 'url', 'utc'])

/** “postalCode” → “Postal code”, “license-policies” → “License policies”, “gstin” → “GSTIN”. */
export function titled(name) {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('-', ' ').toLowerCase().split(' ')
    .map((word) => (abbreviations.has(word) ? word.toUpperCase() : word)).join(' ')
  return words[0].toUpperCase() + words.slice(1)
}
