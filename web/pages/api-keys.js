import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { checkboxes, radios } from '../components/choices.js'
import { cliLine, copyLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { PagedList } from '../components/paged-list.js'
import { ago, time } from '../components/time.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { shopPage } from './shop-page.js'

const tones = { active: 'good', revoked: 'plain', expired: 'warn' }

/** The keys with which programs use the shop's API. */
export function apiKeysPage(context) {
  return shopPage(context, { title: 'API keys', view: ({ shop }) => keysView(shop, context.signal) })
}

function keysView(shop, signal) {
  const onChange = () => list.reload({ isQuiet: true })
  const list = new PagedList({
    columns: columns(shop, onChange), caption: 'API keys', noun: 'key', load: () => shop.get('/api/api-keys', { signal }),
    empty: () => element('p', { class: 'muted' }, 'There are no keys. A program needs one to use the API.'),
  })
  list.reload()
  return {
    title: 'API keys', lead: `Programs use the API of ${shop.name} with a key. Each is shown once, when it is made.`,
    actions: [button({ label: 'New key', icon: 'plus', primary: true, onClick: () => openCreate({ shop, onChange }) })],
    parts: [list.element, cliLine(commands.keyList(shop))],
  }
}

function columns(shop, onChange) {
  return [
    { title: 'Name', main: true, cell: ({ name }) => name },
    { title: 'Starts with', cell: ({ start }) => element('code', {}, start) },
    { title: 'May', cell: ({ scopes, role }) => [scopes.join(', '), element('span', { class: 'sub' }, `as ${role}`)] },
    { title: 'Status', cell: ({ status }) => badge(status, tones[status]) },
    { title: 'Last used', cell: ({ lastUsedAt }) => ago(lastUsedAt, 'never') },
    { title: 'Expires', minor: true, cell: ({ expiresAt }) => time(expiresAt, 'never') },
    { title: 'Actions', cell: (key) => revokeButton({ shop, key, onChange }) },
  ]
}

function revokeButton({ shop, key, onChange }) {
  if (key.status !== 'active') return '–'
  const node = button({ label: 'Revoke…', small: true, onClick: () => openRevoke({ shop, key, onChange }) })
  node.setAttribute('aria-label', `Revoke ${key.name}`)
  return node
}

function openCreate({ shop, onChange }) {
  const first = { name: '', all: ['read'], scopes: [], role: 'staff', days: '' }
  const line = cliLine(commands.keyCreate(shop, bodyFrom(first)))
  openDialog({ title: 'New API key', wide: true, content: (dialog) => form({
    fields: fields(shop, first), before: line, submitLabel: 'Make the key', cancel: cancelButton(dialog),
    onChange: (values) => line.update(commands.keyCreate(shop, bodyFrom(values))),
    onSubmit: async (values) => {
      const key = await shop.post('/api/api-keys', bodyFrom(values))
      toast(`${key.name} is made`)
      onChange()
      dialog.show(element('p', {}, 'It is shown this once. Keep it where only the program can read it.'),
        copyLine(key.key, 'key'), element('div', { class: 'form-actions' },
          button({ label: 'Done', primary: true, onClick: () => dialog.close() })))
    },
  }) })
}

function fields(shop, first) {
  const each = shop.collections.flatMap(({ name, title }) => [
    [`${name}:read`, `${title}: read`], [`${name}:write`, `${title}: change`]])
  return [
    textField({ name: 'name', label: 'Name', hint: 'What it is for, such as the program.', autocomplete: 'off',
      'data-focus': true }),
    checkboxes({ name: 'all', label: 'All records', value: first.all,
      options: [['read', 'read'], ['write', 'read and change']] }),
    checkboxes({ name: 'scopes', label: 'Or only some', options: each }),
    radios({ name: 'role', label: 'Sees and may do at most what this role may', value: first.role,
      options: ['admin', 'staff', 'viewer'].map((role) => [role, role]) }),
    textField({ name: 'expiresInDays', label: 'Days until it expires', type: 'number', min: '1',
      hint: 'Empty: it does not expire.' }),
  ]
}

function bodyFrom({ name, all, scopes, role, expiresInDays }) {
  const chosen = [...all, ...scopes]
  return { name, role, ...(chosen.length > 0 ? { scopes: chosen } : {}),
    ...(expiresInDays ? { expiresInDays: Number(expiresInDays) } : {}) }
}

function openRevoke({ shop, key, onChange }) {
  openDialog({ title: `Revoke ${key.name}`, content: (dialog) => form({
    fields: [], submitLabel: 'Revoke', danger: true, cancel: cancelButton(dialog),
    before: element('div', { class: 'stack' },
      element('p', {}, 'Every program that uses it is shut out at once. It cannot be brought back.'),
      cliLine(commands.keyRevoke(shop, key))),
    onSubmit: async () => {
      await shop.post(`/api/api-keys/${encodeURIComponent(key.id)}/revoke`)
      dialog.close()
      toast(`${key.name} is revoked`)
      onChange()
    },
  }) })
}
