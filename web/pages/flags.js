import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { table } from '../components/table.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { counted, localTime } from '../format.js'

/** Features that are switched on for all, for a plan or for one shop, perhaps between two dates. */
export function flagsPage({ api, signal }) {
  const open = (flag) => openFlag({ api, flag, onDone: () => place.reload() })
  const place = loadInto({
    load: () => api.get('/api/admin/flags', { signal }),
    view: ({ items }) => (items.length === 0
      ? emptyState({ icon: 'filter', title: 'No flags yet', text: 'A flag lets some tenants have a feature before others.' })
      : table({ caption: 'Feature flags', items, columns: columns(open) })),
  })
  return element('div', { class: 'page' },
    pageHeader({ title: 'Feature flags', back: { href: '#/plans', label: 'Plans' },
      lead: 'A tenant’s own rule goes before its plan’s, and that before what holds for all.',
      actions: [button({ label: 'New flag…', icon: 'plus', primary: true, onClick: () => open(null) })] }),
    place.element, cliLine(commands.flagList()))
}

function columns(open) {
  return [
    { title: 'Flag', main: true, cell: ({ name, description }) => [
      element('code', {}, name), description && element('span', { class: 'sub' }, description)] },
    { title: 'For all', cell: ({ isOn }) => (isOn ? badge('on', 'good') : badge('off')) },
    { title: 'Rules', cell: ({ rules }) => (rules.length === 0 ? '–'
      : element('ul', {}, rules.map((rule) => element('li', {}, ruleText(rule))))) },
    { title: 'On for', align: 'end', cell: ({ onFor }) => counted(onFor, 'tenant') },
    { title: 'Actions', cell: (flag) => {
      const node = button({ label: 'Change…', small: true, onClick: () => open(flag) })
      node.setAttribute('aria-label', `Change ${flag.name}`)
      return node
    } },
  ]
}

function ruleText({ tenant, plan, isOn, from, until }) {
  return [isOn ? 'on for' : 'off for', tenant ?? `the plan ${plan}`, from && `from ${localTime(from)}`,
    until && `until ${localTime(until)}`].filter(Boolean).join(' ')
}

function openFlag({ api, flag, onDone }) {
  const known = flag ?? { name: '', description: null, isOn: false, rules: [] }
  const first = { name: known.name, state: 'on', scope: 'all', subject: '', until: '' }
  const line = cliLine(commands.flagSet(first))
  openDialog({ title: flag ? `Change ${flag.name}` : 'New flag', content: (dialog) => form({
    fields: [
      textField({ name: 'name', label: 'Name', value: known.name, readonly: flag !== null, autocomplete: 'off',
        'data-focus': !flag, hint: 'a–z, 0–9 and dashes.' }),
      selectField({ name: 'state', label: 'Switch it', options: [['on', 'On'], ['off', 'Off']], value: 'on',
        'data-focus': flag !== null }),
      selectField({ name: 'scope', label: 'For', options: [['all', 'All tenants'], ['plan', 'A plan'],
        ['tenant', 'A tenant']], value: 'all' }),
      textField({ name: 'subject', label: 'Plan or tenant', autocomplete: 'off',
        hint: 'Its short name; not needed for all.' }),
      textField({ name: 'until', label: 'Last day', type: 'date', hint: 'Empty for no end; in UTC.' }),
    ],
    before: line, submitLabel: 'Save', cancel: cancelButton(dialog),
    onChange: (values) => line.update(commands.flagSet(values)),
    onSubmit: async (values) => {
      const saved = await api.post('/api/admin/flags', changed(known, values, await tenantID(api, values)))
      dialog.close()
      toast(`${saved.name} is on for ${counted(saved.onFor, 'tenant')}`)
      onDone()
    },
  }) })
}

// Rules keep a tenant's id, which stays when its slug changes.
async function tenantID(api, { scope, subject }) {
  if (scope !== 'tenant') return null
  return (await api.get(`/api/admin/tenants/${encodeURIComponent(subject)}`)).id
}

function changed({ description, isOn, rules }, { name, state, scope, subject, until }, id) {
  const wanted = state === 'on'
  if (scope === 'all') return { name, description, isOn: wanted, rules }
  const key = scope === 'tenant' ? { tenant: id } : { plan: subject }
  const others = rules.filter((rule) => Object.entries(key).some(([field, value]) => rule[field] !== value))
  return { name, description, isOn, rules: [...others, { ...key, isOn: wanted, from: null, until: until || null }] }
}
