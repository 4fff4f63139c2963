/**
 * The collections an OpenAPI document declares: `{ name, title, path, fields: [{ name, title, type, format }] }`.
 * A collection is a path `/api/<name>` whose `get` carries the tag “collections”; `x-collection` orders its fields.
 */
export function collectionsIn(document) {
  return Object.entries(document.paths ?? {})
    .filter(([path, item]) => /^\/api\/[a-z-]+$/.test(path) && item.get?.tags?.includes('collections'))
    .map(([path, item]) => collection(path, item, document))
}

function collection(path, item, document) {
  const name = path.slice('/api/'.length)
  const declared = item['x-collection'] ?? {}
  const properties = recordProperties(item.get, document)
  const names = declared.fields ?? Object.keys(properties)
  return { name, path, title: declared.title ?? titled(name), fields: names.map((one) => field(one, properties)) }
}

// A field is declared by its name, or by an object that names it.
function field(declared, properties) {
  const name = declared.name ?? declared
  const { type, format, title } = { ...properties[name], ...(typeof declared === 'object' ? declared : {}) }
  return { name, title: title ?? titled(name), type: Array.isArray(type) ? type[0] : type, format }
}

function recordProperties(operation, document) {
  const list = resolve(operation.responses?.['200']?.content?.['application/json']?.schema, document)
  return resolve(list?.properties?.items?.items, document)?.properties ?? {}
}

function resolve(schema, document) {
  if (!schema?.$ref) return schema
  return schema.$ref.slice(2).split('/').reduce((part, key) => part?.[key], document)
}

/** “postalCode” → “Postal code”, “license-policies” → “License policies”. */
export function titled(name) {
  const words = name.replace(/([a-z])([A-Z])/g, '$1 $2').replaceAll('-', ' ').toLowerCase()
  return words[0].toUpperCase() + words.slice(1)
}
