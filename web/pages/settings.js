import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { selectField, textArea, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { time } from '../components/time.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { titled } from '../collections.js'
import { identityProvidersPart } from './identity-providers.js'
import { signingKeysPart } from './signing-keys.js'

/** What operators set for all shops: sign-up, the default shop, web origins, legal texts, and who operators are. */
export function settingsPage({ api, signal }) {
  const parts = [
    loadInto({ load: () => api.get('/api/admin/settings', { signal }),
      view: ({ items }) => element('div', { class: 'stack' }, items.map((item) => settingForm(api, item))) }),
    identityProvidersPart(api, signal), legalPart(api, signal), operatorsPart(api, signal),
    loadInto({ load: () => api.get('/api/admin/operator-roles', { signal }), view: rightsTable }),
    signingKeysPart(api, signal),
  ]
  const titles = ['Settings for all shops', 'Sign-in with accounts elsewhere', 'Terms and privacy', 'Operators',
    'What each role may do', 'Keys of access tokens']
  return element('div', { class: 'page' }, pageHeader({ title: 'Settings' }),
    parts.map((part, index) => panel({ title: titles[index] }, part.element)), cliLine(commands.settingsList()))
}

const settingNames = { signup: 'Sign-up', 'default-tenant': 'Default shop', 'cors-origins': 'Web origins',
  'owner-restore': 'Owners restore' }

function settingForm(api, { key, value, help }) {
  const label = settingNames[key] ?? titled(key)
  const field = key === 'signup'
    ? selectField({ name: 'value', label, options: [['on', 'On'], ['off', 'Off']], value, hint: help })
    : textField({ name: 'value', label, value, hint: help })
  return form({ fields: [field], submitLabel: `Save ${label.toLowerCase()}`, onSubmit: async (values) => {
    await api.patch(`/api/admin/settings/${key}`, values)
    toast(`${label} is saved`)
  } })
}

function legalPart(api, signal) {
  const part = loadInto({
    load: () => api.get('/api/admin/legal', { signal }),
    view: ({ items }) => element('div', { class: 'stack' },
      table({ caption: 'Versions', items, columns: [
        { title: 'Text', main: true, cell: (text) => element('a', { href: `/${text.kind}` }, titled(text.kind)) },
        { title: 'Version', align: 'end', cell: (text) => String(text.version) },
        { title: 'Published', cell: (text) => time(text.publishedAt, 'comes with the appliance') }] }),
      ['terms', 'privacy'].map((kind) => publishForm(api, kind, items, () => part.reload()))),
  })
  return part
}

function publishForm(api, kind, items, onDone) {
  const current = items.find((text) => text.kind === kind)
  return form({
    fields: [textArea({ name: 'body', label: titled(kind), value: current.body, rows: '8',
      hint: 'Paragraphs, # headings and - lists. Everybody is asked to accept a new version.' })],
    submitLabel: `Publish ${kind}`,
    onSubmit: async ({ body }) => {
      const made = await api.post('/api/admin/legal', { kind, body })
      toast(`Version ${made.version} of the ${kind} is published`)
      onDone()
    },
  })
}

function operatorsPart(api, signal) {
  const part = loadInto({
    load: () => api.get('/api/admin/operators', { signal }),
    view: ({ items }) => table({ caption: 'Operators', items, columns: [
      { title: 'Operator', main: true, cell: (person) => person.email },
      { title: 'Status', cell: (person) => person.status },
      { title: 'Role', cell: (person) => roleForm(api, person, () => part.reload()) }] }),
  })
  return part
}

function roleForm(api, person, onDone) {
  const select = element('select', { class: 'input', 'aria-label': `Role of ${person.email}` },
    ['owner', 'support', 'billing'].map((role) => element('option', { value: role, selected: role === person.role },
      role)))
  return element('span', { class: 'actions' }, select, button({ label: 'Set role', small: true, onClick: async () => {
    try {
      await api.post(`/api/admin/operators/${encodeURIComponent(person.id)}/role`, { role: select.value })
      toast(`${person.email} is ${select.value} now`)
    } catch (problem) {
      toast(problem.message)
    }
    onDone()
  } }))
}

function rightsTable({ roles, rights, routes }) {
  return element('div', { class: 'stack' },
    table({ caption: 'Rights of operators', items: rights, columns: [
      { title: 'Right', main: true, cell: (right) => right.text },
      ...roles.map((role) => ({ title: titled(role.name),
        cell: (right) => (role.rights.includes(right.name) ? 'yes' : 'no') }))] }),
    element('details', {}, element('summary', {}, 'Every route and the right it needs'),
      table({ caption: 'Routes for operators', items: routes, columns: [
        { title: 'Route', main: true, cell: (route) => element('code', {}, `${route.method} ${route.path}`) },
        { title: 'What', cell: (route) => route.summary },
        { title: 'Right', cell: (route) => route.right }] })))
}
