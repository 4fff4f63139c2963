import { cliLine } from '../components/cli-line.js'
import { form } from '../components/form.js'
import { buttonLink } from '../components/button.js'
import { panel } from '../components/page-header.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { conflictView } from '../records/conflict.js'
import { inputFor } from '../records/inputs.js'
import { labelOf } from '../records/labels.js'
import { valueNode } from '../records/values.js'
import { collectionPage } from './collection-page.js'
import { listLink, readRecord } from './record.js'

/** Makes a record. The address may fill fields beforehand: `…/new?customerId=cus_…`. */
export function recordCreatePage(context) {
  return collectionPage(context, {
    title: ({ collection }) => `New ${collection.singular.toLowerCase()}`,
    back: listLink,
    view: ({ shop, collection }) => panel({ title: collection.singular },
      createForm({ shop, collection, query: context.query })),
  })
}

/** Changes a record; only fields that were changed are sent. */
export function recordEditPage(context) {
  return collectionPage(context, {
    title: ({ collection, record }) => `Edit ${labelOf(collection, record)}`,
    back: ({ shop, collection, record }) => ({ href: shop.address(collection.name, record.id),
      label: labelOf(collection, record) }),
    load: async ({ shop, collection }) => ({ record: await readRecord(shop, collection, context.params.id,
      context.signal) }),
    view: (given) => {
      const place = panel({ title: given.collection.singular })
      openEdit({ ...given, place })
      return place
    },
  })
}

function createForm({ shop, collection, query }) {
  const start = Object.fromEntries(collection.fields.map(({ name }) => [name, query.get(name)]))
  const inputs = recordInputs({ shop, collection, record: start, fields: collection.fields.filter(isEntered) })
  const given = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== null))
  const line = cliLine(commands.recordCreate(shop, collection, given(start)))
  return form({
    fields: inputs, columns: true, before: line, submitLabel: `Create ${collection.singular.toLowerCase()}`,
    cancel: buttonLink({ label: 'Cancel', href: shop.address(collection.name) }),
    onChange: (values) => {
      refresh(inputs)
      line.update(commands.recordCreate(shop, collection, spoken(collection, given(values))))
    },
    onSubmit: async (values) => {
      const record = await shop.post(collection.path, given(values))
      toast(`${shop.labels.keep(collection, record)} is created`)
      location.hash = shop.address(collection.name, record.id)
    },
  })
}

// `entered` are changes that someone made before; they stand in the form again after a conflict.
function openEdit({ shop, collection, record, place, entered = {} }) {
  const fields = collection.fields.filter((field) => isEntered(field) && !isFixed(field, record))
  const inputs = recordInputs({ shop, collection, fields, record: { ...record, ...entered } })
  const line = cliLine(commands.recordChange(shop, collection, record.id, entered))
  const changes = (values) => changed(fields, record, values)
  place.replaceChildren(place.firstChild, form({
    fields: inputs, columns: true, submitLabel: 'Save',
    before: element('div', { class: 'stack' }, fixedFacts({ shop, collection, record }), line),
    cancel: buttonLink({ label: 'Cancel', href: shop.address(collection.name, record.id) }),
    onChange: (values) => {
      refresh(inputs)
      line.update(commands.recordChange(shop, collection, record.id, spoken(collection, changes(values))))
    },
    onSubmit: (values) => save({ shop, collection, record, place, patch: changes(values) }),
  }))
}

async function save({ shop, collection, record, place, patch }) {
  const path = `${collection.path}/${encodeURIComponent(record.id)}`
  try {
    const saved = Object.keys(patch).length === 0 ? record
      : await shop.patch(path, patch, { version: record.version })
    toast(`${shop.labels.keep(collection, saved)} is saved`)
    location.hash = shop.address(collection.name, record.id)
  } catch (problem) {
    if (problem.status !== 412) throw problem
    const current = await readRecord(shop, collection, record.id)
    place.replaceChildren(place.firstChild, conflictView({ shop, collection, before: record, current, patch,
      onMine: (kept) => save({ shop, collection, record: current, place, patch: kept }),
      onEdit: (entered) => openEdit({ shop, collection, record: current, place, entered }) }))
    place.querySelector('[data-focus]').focus()
  }
}

function recordInputs({ shop, fields, record }) {
  const inputs = new Map()
  for (const field of fields) {
    // Read when it is asked for: the currency’s input may come after the amount’s.
    const currency = () => inputs.get(field.currency)?.value() ?? record[field.currency] ?? shop.currency
    inputs.set(field.name, inputFor({ shop, field, value: record[field.name] ?? null, currency }))
  }
  return [...inputs.values()]
}

// A secret stands in no command that somebody copies.
const spoken = ({ fields }, values) => Object.fromEntries(Object.entries(values).map(([name, value]) => (
  [name, fields.find((field) => field.name === name)?.type === 'secret' ? 'SECRET' : value])))

const refresh = (inputs) => inputs.forEach((input) => input.refresh?.())
const isEntered = (field) => !field.isReadOnly
const isFixed = (field, record) => field.isImmutable && (record[field.name] ?? null) !== null

function changed(fields, record, values) {
  const isSame = (one, other) => JSON.stringify(one ?? null) === JSON.stringify(other ?? null)
  return Object.fromEntries(fields.map(({ name }) => [name, values[name]])
    .filter(([name, value]) => !isSame(record[name], value)))
}

// What is given at creation only is shown, so that nobody looks for it.
function fixedFacts({ shop, collection, record }) {
  const fixed = collection.fields.filter((field) => !isEntered(field) || isFixed(field, record))
  return fixed.length > 0 && element('dl', { class: 'facts' }, fixed.map((field) => element('div', {},
    element('dt', {}, `${field.title} (cannot be changed)`), element('dd', {}, valueNode(shop, field, record)))))
}
