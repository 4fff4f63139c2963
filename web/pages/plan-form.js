import { checkboxes } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField, textArea, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { majorText, minorFrom } from '../money.js'
import { featureNames, limitNames } from '../plans.js'

const currencies = ['USD', 'INR', 'EUR', 'GBP']
const empty = { name: '', title: '', description: null, isOffered: true, prices: [], features: [], limits: {},
  overagePercent: {}, agents: null, support: null, commissionBasisPoints: 0 }

/** Writes a plan's next version, or a new plan when `plan` is null. */
export function openPlanForm({ api, plan, onDone }) {
  const base = plan ?? empty
  const line = cliLine(commands.planCreate(definition(base, {})))
  const title = plan ? `Change ${plan.title}` : 'New plan'
  openDialog({ title, wide: true, content: (dialog) => element('div', { class: 'stack' },
    plan && element('p', {}, `This becomes version ${plan.version + 1}. Tenants on ${plan.title} keep what they have `
      + 'until they are moved.'),
    form({
      fields: fields(base, plan !== null), columns: true, before: line, cancel: cancelButton(dialog),
      submitLabel: plan ? 'Write the new version' : 'Create the plan',
      onChange: (values) => line.update(commands.planCreate(definition(base, values))),
      onSubmit: async (values) => {
        const version = await api.post('/api/admin/plans', definition(base, values))
        dialog.close()
        toast(`${version.title} has version ${version.version}`)
        onDone()
      },
    })) })
}

function fields(plan, isKnown) {
  const [price] = plan.prices
  const currency = price?.currency ?? currencies[0]
  return [
    textField({ name: 'name', label: 'Short name', value: plan.name, readonly: isKnown, autocomplete: 'off',
      spellcheck: 'false', hint: 'In addresses and commands: a–z, 0–9 and dashes.', 'data-focus': !isKnown }),
    textField({ name: 'title', label: 'Name', value: plan.title, 'data-focus': isKnown, autocomplete: 'off' }),
    amountField(price, currency),
    selectField({ name: 'currency', label: 'Currency', value: currency,
      options: [...new Set([currency, ...currencies])].map((code) => [code, code]) }),
    selectField({ name: 'interval', label: 'Paid', value: price?.interval ?? 'month',
      options: [['month', 'by the month'], ['year', 'by the year']] }),
    ...Object.entries(limitNames).map(([name, label]) => limitField(name, label, plan.limits[name])),
    checkboxes({ name: 'features', label: 'Opens', options: Object.entries(featureNames), value: plan.features }),
    textField({ name: 'agents', label: 'Agents', value: plan.agents?.join(', ') ?? '',
      hint: 'With commas between; empty for all.' }),
    textField({ name: 'support', label: 'Support', value: plan.support ?? '' }),
    checkboxes({ name: 'isOffered', label: 'Offer', options: [['yes', 'Shops may choose it themselves']],
      value: plan.isOffered ? ['yes'] : [] }),
    textArea({ name: 'description', label: 'Description', value: plan.description ?? '' }),
  ]
}

function amountField(price, currency) {
  const field = textField({ name: 'amount', label: 'Price', inputmode: 'decimal',
    value: price ? majorText(price.amount, currency) : '', hint: 'Empty when it is not sold.' })
  field.fault = () => (field.value().trim() !== '' && minorFrom(field.value(), currency) === null
    ? 'Not an amount, such as 19.00.' : null)
  return field
}

function limitField(name, label, value) {
  const isBytes = name === 'storageBytes'
  const shown = value === null || value === undefined ? '' : String(isBytes ? value / 2 ** 20 : value)
  const field = textField({ name: `limits.${name}`, label, value: shown, inputmode: 'numeric',
    unit: isBytes ? element('span', { class: 'input-unit', id: `unit-${name}` }, 'MiB') : undefined,
    hint: 'Empty for no limit.' })
  field.fault = () => (/^\d*(\.\d+)?$/.test(field.value().trim()) ? null : 'A number, or nothing.')
  return field
}

// What the form does not ask for stays as the newest version has it.
function definition(plan, values) {
  const kept = Object.fromEntries(Object.keys(empty).map((name) => [name, plan[name] ?? empty[name]]))
  if (values.name === undefined) return kept
  const { name, title, description, features, support } = values
  return { ...kept, name, title, features, description: description || null, support: support || null,
    isOffered: values.isOffered.includes('yes'),
    prices: prices(plan, values), limits: limits(values), agents: agents(values.agents) }
}

function prices(plan, { amount, currency, interval }) {
  if (amount.trim() === '') return []
  return [{ amount: minorFrom(amount, currency), currency, interval }, ...plan.prices.slice(1)]
}

function limits(values) {
  return Object.fromEntries(Object.keys(limitNames).map((name) => {
    const text = values[`limits.${name}`].trim()
    if (text === '') return [name, null]
    return [name, Math.round(Number(text) * (name === 'storageBytes' ? 2 ** 20 : 1))]
  }))
}

function agents(text) {
  const names = text.split(',').map((name) => name.trim()).filter(Boolean)
  return names.length === 0 ? null : names
}
