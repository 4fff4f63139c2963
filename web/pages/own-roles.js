import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { checkboxes, radios } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

/**
 * The roles that a shop defined for itself. `roles()` answers those known now, for choosers; `onChange` is told when
 * one was made, changed or deleted.
 */
export function ownRolesPanel({ shop, signal, onChange }) {
  let known = []
  const changed = () => {
    list.reload({ isQuiet: true })
    onChange()
  }
  const list = new PagedList({
    columns: columns(shop, changed), caption: 'Roles of your own', noun: 'role',
    load: async () => {
      const page = await shop.get('/api/roles', { signal })
      known = page.items
      return page
    },
    empty: () => element('p', { class: 'muted' }, 'There are none: everybody is owner, admin, staff or viewer.'),
  })
  list.reload()
  const create = button({ label: 'New role', icon: 'plus', small: true,
    onClick: () => openCreateRole({ shop, onChange: changed }) })
  return {
    element: panel({ title: 'Roles of your own', actions: create }, list.element, cliLine(commands.roleList(shop))),
    roles: () => known,
    reload: () => list.reload({ isQuiet: true }),
  }
}

function columns(shop, onChange) {
  return [
    { title: 'Role', main: true, cell: ({ name, title }) => (
      title === name ? name : [title, element('span', { class: 'sub' }, name)]) },
    { title: 'Based on', cell: ({ base }) => badge(base) },
    { title: 'May', cell: (role) => rights(shop, role) },
    { title: 'People', cell: people },
    { title: 'Actions', cell: (role) => actions({ shop, role, onChange }) },
  ]
}

const verbs = { read: 'read', create: 'create', update: 'change', delete: 'delete' }

// Each collection on a line of its own. What belongs to a module that the shop lacks is called by its plain name.
function rights(shop, { collections }) {
  return Object.entries(collections).map(([name, may]) => (
    element('div', {}, `${shop.collection(name)?.title ?? name}: ${may.map((one) => verbs[one]).join(', ')}`)))
}

function people({ users, invitations }) {
  return invitations > 0 ? [String(users), element('span', { class: 'sub' }, `${invitations} invited`)] : String(users)
}

function actions({ shop, role, onChange }) {
  const act = (label, open) => {
    const node = button({ label, small: true, onClick: () => open({ shop, role, onChange }) })
    node.setAttribute('aria-label', `${label} ${role.title}`)
    return node
  }
  return element('span', { class: 'actions' }, act('Change…', openChangeRole), act('Delete…', openDeleteRole))
}

function openCreateRole({ shop, onChange }) {
  const name = textField({ name: 'name', label: 'Name', required: true, autocomplete: 'off', 'data-focus': true,
    hint: 'Small letters, digits and hyphens, such as front-desk.' })
  const fields = [name, ...roleFields(shop, { title: '', base: 'staff', collections: {} })]
  const line = cliLine(commands.roleCreate(shop, { name: '', base: 'staff', collections: {} }))
  openDialog({ title: 'New role', wide: true, content: (dialog) => form({
    fields, before: line, submitLabel: 'Make the role', cancel: cancelButton(dialog),
    fieldOfCode: { role_exists: 'name' },
    onChange: (values) => line.update(commands.roleCreate(shop, bodyFrom(values))),
    onSubmit: async (values) => {
      const role = await shop.post('/api/roles', bodyFrom(values))
      finish(dialog, `The role ${role.title} is made`, onChange)
    },
  }) })
}

function openChangeRole({ shop, role, onChange }) {
  const line = cliLine(commands.roleChange(shop, role))
  openDialog({ title: `Change ${role.title}`, wide: true, content: (dialog) => form({
    fields: roleFields(shop, role),
    before: element('div', { class: 'stack' },
      element('p', {}, 'It counts from the next request of everybody who has the role.'), line),
    submitLabel: 'Change the role', cancel: cancelButton(dialog),
    onChange: (values) => line.update(commands.roleChange(shop, { name: role.name, ...bodyFrom(values, role) })),
    onSubmit: async (values) => {
      const changed = await shop.patch(path(role), bodyFrom(values, role))
      finish(dialog, `The role ${changed.title} is changed`, onChange)
    },
  }) })
}

function openDeleteRole({ shop, role, onChange }) {
  openDialog({ title: `Delete ${role.title}`, content: (dialog) => form({
    fields: [], submitLabel: 'Delete', danger: true, cancel: cancelButton(dialog),
    before: element('div', { class: 'stack' },
      element('p', {}, 'Only a role that nobody has, and nobody is invited to, can be deleted.'),
      cliLine(commands.roleDelete(shop, role))),
    onSubmit: async () => {
      await shop.delete(path(role))
      finish(dialog, `The role ${role.title} is deleted`, onChange)
    },
  }) })
}

const prefix = 'collections.'

// The server calls the field of a collection by the same name when something is wrong with it.
function roleFields(shop, { title, base, collections }) {
  return [
    textField({ name: 'title', label: 'Title', hint: 'What people call it.', autocomplete: 'off', value: title }),
    radios({ name: 'base', label: 'Sees the fields of, and may do at most what this role may', value: base,
      options: ['admin', 'staff', 'viewer'].map((role) => [role, role]) }),
    ...shop.collections.map((one) => checkboxes({ name: prefix + one.name, label: one.title,
      value: collections[one.name] ?? [],
      options: Object.entries(verbs).map(([verb, word]) => [verb, `${word} ${one.title.toLowerCase()}`]) })),
  ]
}

// Nothing ticked closes a collection that was open; one that was not stays unsaid.
function bodyFrom({ name, title, base, ...rest }, before = { collections: {} }) {
  const chosen = Object.entries(rest).map(([key, may]) => [key.slice(prefix.length), may])
    .filter(([collection, may]) => may.length > 0 || collection in before.collections)
    .map(([collection, may]) => [collection, may.length > 0 ? may : null])
  return { ...(name === undefined ? {} : { name: name.trim() }), ...(title.trim() ? { title: title.trim() } : {}), base,
    collections: Object.fromEntries(chosen) }
}

const path = (role) => `/api/roles/${encodeURIComponent(role.name)}`

function finish(dialog, text, onChange) {
  dialog.close()
  toast(text)
  onChange()
}
