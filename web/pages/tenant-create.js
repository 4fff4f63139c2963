import { checkboxes } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { passwordField, selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { showLink } from './user-actions.js'
import { ownTimeZone, timeZones } from '../time-zones.js'

const shippedPlans = [['standard', 'Standard'], ['free', 'Free'], ['pro', 'Pro'], ['enterprise', 'Enterprise'],
  ['amc', 'AMC']]
const modules = [['licensing', 'Licensing'], ['shop', 'Shop']]
export const currencies = ['INR', 'EUR', 'GBP', 'USD']
const first = { slug: '', name: '', plan: 'pro', trialDays: '14', modules: ['shop'], timeZone: ownTimeZone(),
  currency: 'INR', ownerEmail: '' }

/** Asks for a new tenant and creates it. The command line follows what is typed. */
export function openCreateTenant({ api, onCreated }) {
  const line = cliLine(commands.tenantCreate(first))
  openDialog({ title: 'Create a tenant', wide: true, content: (dialog) => form({
    fields: fields(api), columns: true, submitLabel: 'Create tenant', before: line, cancel: cancelButton(dialog),
    fieldOfCode: { slug_taken: 'slug' },
    onChange: (values) => line.update(commands.tenantCreate(values)),
    onSubmit: async (values) => {
      const tenant = await api.post('/api/admin/tenants', tenantFrom(values))
      toast(`${tenant.name} is created`)
      onCreated(tenant)
      if (tenant.invitation) showLink(dialog, tenant.invitation)
      else dialog.close()
    },
  }) })
}

function fields(api) {
  const plan = selectField({ name: 'plan', label: 'Plan', options: shippedPlans, value: first.plan })
  offerAllPlans(api, plan.input)
  const name = textField({ name: 'name', label: 'Name', 'data-focus': true, autocomplete: 'off' })
  const slug = textField({ name: 'slug', label: 'Slug', autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', hint: 'Short name in addresses and commands: a–z, 0–9 and single dashes.' })
  followName(name.input, slug.input)
  return [
    name, slug,
    textField({ name: 'ownerEmail', label: 'Owner’s email', type: 'email', autocomplete: 'off' }),
    passwordField({ name: 'ownerPassword', label: 'Owner’s password', autocomplete: 'new-password',
      hint: 'At least 15 characters. Empty: the owner is invited by a link that you see next.' }),
    plan,
    textField({ name: 'trialDays', label: 'Trial days', type: 'number', min: '0', value: first.trialDays }),
    selectField({ name: 'timeZone', label: 'Time zone', options: sameNames(timeZones()), value: first.timeZone }),
    selectField({ name: 'currency', label: 'Currency', options: sameNames(currencies), value: first.currency }),
    checkboxes({ name: 'modules', label: 'Modules', options: modules, value: first.modules }),
  ]
}

// The catalogue may have plans that did not come with it; until it is here, those that did can be chosen.
async function offerAllPlans(api, input) {
  const { items } = await api.get('/api/admin/plans').catch(() => ({ items: [] }))
  const known = new Set([...input.options].map((option) => option.value))
  input.append(...items.filter(({ name }) => !known.has(name))
    .map(({ name, title }) => element('option', { value: name }, title)))
}

const sameNames = (names) => names.map((name) => [name, name])

/** Follows the name until the slug itself is typed. */
export function followName(name, slug) {
  let isOwn = false
  slug.addEventListener('input', () => { isOwn = slug.value !== '' })
  name.addEventListener('input', () => { if (!isOwn) slug.value = slugFrom(name.value) })
}

export function slugFrom(name) {
  return name.normalize('NFKD').toLowerCase().replace(/\p{M}/gu, '').replace(/[^a-z0-9]+/g, '-').slice(0, 40)
    .replace(/^-+|-+$/g, '')
}

function tenantFrom({ trialDays, ownerPassword, ...values }) {
  return { ...values, trialDays: Number(trialDays), ...(ownerPassword ? { ownerPassword } : {}) }
}
