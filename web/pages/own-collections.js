import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { PagedList } from '../components/paged-list.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { counted } from '../format.js'
import { ownFields } from '../records/own-fields.js'
import { shopPage } from './shop-page.js'

/** The collections that a shop declares for itself: for its owners and admins, and an operator who acts in it. */
export function ownCollectionsPage(context) {
  return shopPage(context, { title: 'Your collections', view: ({ shop }) => view({ ...context, shop }) })
}

const root = '/api/collections'
const path = ({ name }) => `${root}/${encodeURIComponent(name)}`

function view({ shop, shops, params, signal }) {
  const onChange = () => {
    shops.forget(params.slug)
    list.reload({ isQuiet: true })
  }
  const list = new PagedList({
    columns: columns({ shop, onChange }), caption: 'Your collections', noun: 'collection',
    load: () => shop.get(root, { signal }),
    empty: () => element('p', { class: 'muted' }, 'There are none yet. A collection is a kind of record of your own, '
      + 'such as repairs: with a list, a form, an import and the API like any other.'),
  })
  list.reload()
  return {
    title: 'Your collections', lead: 'Kinds of records that this shop has beside those that everybody has.',
    actions: [button({ label: 'New collection', icon: 'plus', primary: true,
      onClick: () => openDeclare({ shop, onChange }) })],
    parts: [list.element, cliLine(commands.collectionList(shop))],
  }
}

function columns({ shop, onChange }) {
  return [
    { title: 'Collection', main: true, cell: ({ name, heading }) => [
      element('a', { href: shop.address(name) }, heading), element('span', { class: 'sub' }, name)] },
    { title: 'Fields', cell: ({ fields }) => fields.map((one) => one.title ?? one.name).join(', ') },
    { title: 'Version', align: 'end', minor: true, cell: ({ version }) => String(version) },
    { title: 'Actions', cell: (own) => actions({ shop, own, onChange }) },
  ]
}

function actions({ shop, own, onChange }) {
  const act = (label, open) => {
    const node = button({ label, small: true, onClick: () => open({ shop, own, onChange }) })
    node.setAttribute('aria-label', `${label} ${own.heading}`)
    return node
  }
  return element('span', { class: 'actions' }, act('Change…', openChange), act('Delete…', openDelete))
}

function titleFields({ title = '', heading = '' } = {}) {
  return [
    textField({ name: 'heading', label: 'Many are called', value: heading, autocomplete: 'off', required: true,
      hint: 'For lists and the menu, such as Repairs.' }),
    textField({ name: 'title', label: 'One is called', value: title, autocomplete: 'off', required: true,
      hint: 'Such as Repair.' }),
  ]
}

function openDeclare({ shop, onChange }) {
  const name = textField({ name: 'name', label: 'Name', required: true, autocomplete: 'off', 'data-focus': true,
    hint: 'A small letter first, then letters and digits: the word in addresses, such as repairs.' })
  const line = cliLine(commands.collectionApply(shop, ''))
  const fields = ownFields({ shop, fields: [{ name: 'name', type: 'text', required: true, searchable: true }] })
  openDialog({ title: 'New collection', wide: true, content: (dialog) => form({
    fields: [name, ...titleFields(), fields], submitLabel: 'Declare it', cancel: cancelButton(dialog),
    fieldOfCode: { collection_exists: 'name' }, before: line,
    onChange: (values) => line.update(commands.collectionApply(shop, values.name.trim())),
    onSubmit: async (values) => {
      const made = await shop.post(root, declaration(values))
      finish(dialog, `${made.heading} is there`, onChange)
    },
  }) })
}

function openChange({ shop, own, onChange }) {
  const fields = ownFields({ shop, fields: own.fields, own: own.name })
  openDialog({ title: `Change ${own.heading}`, wide: true, content: (dialog) => {
    const edit = form({
      fields: [...titleFields(own), fields], submitLabel: 'See what it does',
      before: cliLine(commands.collectionApply(shop, own.name, true)), cancel: cancelButton(dialog),
      onSubmit: async (values) => {
        const body = { ...settings(own), ...declaration(values) }
        const { plan } = await shop.put(path(own), body, { query: { dryRun: true }, version: own.version })
        dialog.show(preview({ shop, own, body, plan, dialog, onChange, back: () => dialog.show(edit) }))
      },
    })
    return edit
  } })
}

// What the dialog does not show stays as it is.
const settings = ({ indexes, unique, permissions, own, ownerField, frozen }) => Object.fromEntries(
  Object.entries({ indexes, unique, permissions, own, ownerField, frozen }).filter(([, value]) => value !== undefined))

const declaration = ({ name, title, heading, fields }) => ({
  ...(name === undefined ? {} : { name: name.trim() }), title: title.trim() || null,
  heading: heading.trim() || null, fields,
})

const words = {
  create: () => 'The collection is made', addField: ({ field }) => `${field} is new`,
  dropField: ({ field }) => `${field} goes, with what is in it`,
  renameField: ({ field, from }) => `${from} becomes ${field}`,
  fillField: ({ field }) => `${field} gets its default`, computeField: ({ field }) => `${field} is computed`,
  changeField: ({ field }) => `${field} gets other rules`,
  indexes: () => 'Indexes are made anew', search: () => 'The search is made anew',
  permissions: () => 'Roles may do something else', delete: () => 'The collection goes, with all its records',
}

function planView({ steps, refused, records }) {
  const line = (step) => element('li', {}, words[step.step]?.(step) ?? step.step,
    step.records > 0 && [' ', badge(counted(step.records, 'record'), step.step.startsWith('d') ? 'warn' : 'plain')])
  return element('div', { class: 'stack' },
    element('p', {}, `Nothing has happened yet. There are ${counted(records, 'record')}.`),
    element('ul', { 'aria-label': 'What it does' },
      steps.length > 0 ? steps.map(line) : element('li', {}, 'No record is touched')),
    refused.length > 0 && element('ul', { class: 'issues', 'aria-label': 'What stands against it' },
      refused.map(({ message }) => element('li', { class: 'issue tone-bad' }, message))))
}

function preview({ shop, own, body, plan, dialog, onChange, back }) {
  const again = button({ label: 'Back', quiet: true, onClick: back })
  if (plan.refused.length > 0) {
    return element('div', { class: 'stack' }, planView(plan), element('div', { class: 'form-actions' }, again))
  }
  return form({
    fields: [], submitLabel: 'Change it', cancel: again,
    before: element('div', { class: 'stack' }, planView(plan), cliLine(commands.collectionApply(shop, own.name))),
    danger: plan.steps.some(({ step }) => step === 'dropField'),
    onSubmit: async () => {
      const changed = await shop.put(path(own), body, { version: own.version })
      finish(dialog, `${changed.heading} is changed`, onChange)
    },
  })
}

function openDelete({ shop, own, onChange }) {
  openDialog({ title: `Delete ${own.heading}`, content: (dialog) => form({
    fields: [textField({ name: 'confirm', label: `Type ${own.name} to confirm`, autocomplete: 'off',
      'data-focus': true })], submitLabel: 'Delete', danger: true, cancel: cancelButton(dialog),
    before: element('div', { class: 'stack' },
      element('p', {}, 'All its records go with it. To bring them back, the shop goes back to before.'),
      cliLine(commands.collectionDelete(shop, own))),
    onSubmit: async ({ confirm }) => {
      if (confirm.trim() !== own.name) return toast(`Type ${own.name} to confirm`)
      await shop.delete(path(own), { version: own.version })
      finish(dialog, `${own.heading} is deleted`, onChange)
    },
  }) })
}

function finish(dialog, text, onChange) {
  dialog.close()
  toast(text)
  onChange()
}
