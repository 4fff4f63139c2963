import { radios } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { runIn } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { debounce, element, uniqueID } from '../dom.js'
import { exactTime, localTime } from '../format.js'
import { planView, resultView } from './restore-plan.js'

const wholeAppliance = 'restore everything'
const suggestionsShown = 20
const snapshotsShown = 100

/**
 * Restores in three steps: what and to which point; the plan, with the slug typed to confirm; then the act. A `point`
 * is “latest”, the id of a snapshot, or an instant as ISO 8601. Until the last step nothing on the server changes.
 */
export function openRestore({ api, tenant = '', point = 'latest', onDone }) {
  openDialog({ title: 'Restore', wide: true,
    content: (dialog) => chooseStep({ api, dialog, choice: { tenant, point }, onDone }) })
}

function chooseStep({ api, dialog, choice, onDone }) {
  const scope = radios({ name: 'scope', label: 'What to restore', value: 'tenant',
    options: [['tenant', 'One tenant'], ['everything', 'The whole appliance']] })
  const slug = tenantField(api, choice.tenant)
  const from = pointField(api, choice.point)
  const line = cliLine('')
  const read = ({ scope: what, tenants, point }) => ({ tenant: what === 'tenant' ? tenants.trim() : null, point })
  const update = (values) => {
    slug.element.hidden = values.scope !== 'tenant'
    const chosen = read(values)
    line.update(commands.restore({ tenant: chosen.tenant ?? '', ...pointOf(chosen.point), dryRun: true }))
  }
  update({ scope: 'tenant', tenants: choice.tenant, point: choice.point })
  return form({ fields: [scope, slug, from], before: line, submitLabel: 'Show the plan', cancel: cancelButton(dialog),
    onChange: update, fieldOfCode: { tenant_not_found: 'tenants' },
    onSubmit: async (values) => {
      const chosen = read(values)
      if (chosen.tenant === '') return slug.showError('Which tenant? Type its slug.')
      const { plan } = await api.post('/api/admin/restores', { ...order(chosen), dryRun: true })
      dialog.show(planStep({ api, dialog, chosen, plan, onDone }))
    } })
}

function planStep({ api, dialog, chosen, plan, onDone }) {
  const phrase = chosen.tenant ?? wholeAppliance
  const confirm = textField({ name: 'confirm', label: `Type “${phrase}” to confirm`, 'data-focus': true,
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const choice = { tenant: chosen.tenant ?? '', point: chosen.point }
  const back = () => dialog.show(chooseStep({ api, dialog, choice, onDone }))
  const planned = { tenant: chosen.tenant, point: plannedPoint(chosen, plan) }
  const line = cliLine(commands.restore({ tenant: planned.tenant, ...pointOf(planned.point) }))
  return element('div', { class: 'stack' }, planView(plan), form({
    fields: [confirm], before: line, submitLabel: 'Restore', danger: true, cancel: cancelButton(dialog),
    fieldOfCode: { confirmation_mismatch: 'confirm' },
    onSubmit: async (values) => {
      if (values.confirm !== phrase) return mismatch(confirm, phrase)
      act({ api, dialog, planned, confirm: phrase, onDone, retry: back })
    },
  }))
}

// The plan's own snapshot, not “latest”: a newer one may have been taken while the plan was being read.
function plannedPoint({ point }, plan) {
  return point === 'latest' ? plan.snapshot ?? point : point
}

/** A point as the API and the command line name it: `{ snapshot }`, or `{ at }` for an instant. */
export function pointOf(point) {
  return point.includes(':') ? { at: point } : { snapshot: point }
}

function act({ api, dialog, planned, confirm, onDone, retry }) {
  const body = { ...order(planned), dryRun: false, confirm }
  runIn(dialog, { title: 'Restore', onDone, retry, result: resultView,
    run: (onProgress) => api.post('/api/admin/restores', body, { onProgress }) })
}

function mismatch(field, phrase) {
  field.showError(`Type exactly “${phrase}”.`)
  field.focus()
}

function order({ tenant, point }) {
  return { ...(tenant === null ? {} : { tenants: [tenant] }), ...pointOf(point) }
}

// Suggestions come from the server as one types: a list of every tenant would be too long to send or to read.
function tenantField(api, value) {
  const names = element('datalist', { id: uniqueID('tenants') })
  const field = textField({ name: 'tenants', label: 'Tenant', value, list: names.id, autocomplete: 'off',
    autocapitalize: 'none', spellcheck: 'false', hint: 'Its slug. All other tenants go on working.' })
  const suggest = async () => {
    const query = { q: field.value(), limit: suggestionsShown }
    const { items } = await api.get('/api/admin/tenants', { query }).catch(() => ({ items: [] }))
    names.replaceChildren(...items.map(({ slug, name }) => element('option', { value: slug }, name)))
  }
  field.input.addEventListener('input', debounce(suggest, 200))
  field.element.append(names)
  suggest()
  return field
}

function pointField(api, value) {
  const given = value === 'latest' ? [] : [[value, value.includes(':') ? `State of ${exactTime(value)}` : value]]
  const field = selectField({ name: 'point', label: 'Back to', value, options: [['latest', 'The latest snapshot'],
    ...given] })
  const fill = async () => {
    const query = { limit: snapshotsShown }
    const { items } = await api.get('/api/admin/backups', { query }).catch(() => ({ items: [] }))
    const others = items.filter(({ id }) => id !== value)
    field.input.append(...others.map(({ id, createdAt, verified }) => (
      element('option', { value: id }, `Snapshot of ${localTime(createdAt)}${verified ? '' : ', not proved'}`))))
  }
  fill()
  return field
}
