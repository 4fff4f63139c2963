import { radios } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { runIn } from '../components/work-dialog.js'
import { commands } from '../commands.js'
import { debounce, element, uniqueID } from '../dom.js'
import { exactTime, localTime } from '../format.js'
import { diffPanel } from './restore-diff.js'
import { planView, resultView } from './restore-plan.js'
import { chooseRecords } from './restore-records.js'

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
    options: [['tenant', 'One tenant'], ['beside', 'One tenant’s past, as a new tenant beside it'],
      ['everything', 'The whole appliance']] })
  const slug = tenantField(api, choice.tenant)
  const newSlug = textField({ name: 'as', label: 'Slug of the new tenant', autocomplete: 'off', autocapitalize: 'none',
    spellcheck: 'false', hint: 'It is read-only until you activate it. The tenant itself stays as it is.' })
  const from = pointField(api, choice.point)
  const line = cliLine('')
  const read = ({ scope: what, tenants, point, as }) => ({ tenant: what === 'everything' ? null : tenants.trim(),
    as: what === 'beside' ? as.trim() : null, point })
  const update = (values) => {
    slug.element.hidden = values.scope === 'everything'
    newSlug.element.hidden = values.scope !== 'beside'
    const chosen = read(values)
    line.update(commands.restore({ tenant: chosen.tenant ?? '', ...pointOf(chosen.point), as: chosen.as,
      dryRun: true }))
  }
  update({ scope: 'tenant', tenants: choice.tenant, point: choice.point, as: '' })
  return form({ fields: [scope, slug, newSlug, from], before: line, submitLabel: 'Show the plan', cancel: cancelButton(dialog),
    onChange: update, fieldOfCode: { tenant_not_found: 'tenants', slug_taken: 'as' },
    onSubmit: async (values) => {
      const chosen = read(values)
      if (chosen.tenant === '') return slug.showError('Which tenant? Type its slug.')
      if (chosen.as === '') return newSlug.showError('What shall the new tenant be called?')
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
  const planned = { tenant: chosen.tenant, as: chosen.as, point: plannedPoint(chosen, plan) }
  const line = cliLine(commands.restore({ tenant: planned.tenant, as: planned.as, ...pointOf(planned.point) }))
  const isBeside = chosen.as !== null
  return element('div', { class: 'stack' }, planView(plan),
    chosen.tenant !== null && !isBeside && differences({ api, dialog, planned, plan, onDone }), form({
    fields: isBeside ? [] : [confirm], before: line, submitLabel: isBeside ? 'Make the new tenant' : 'Restore',
    danger: !isBeside, cancel: cancelButton(dialog), fieldOfCode: { confirmation_mismatch: 'confirm' },
    onSubmit: async (values) => {
      if (!isBeside && values.confirm !== phrase) return mismatch(confirm, phrase)
      act({ api, dialog, planned, confirm: phrase, onDone, retry: back })
    },
  }))
}

function differences({ api, dialog, planned, plan, onDone }) {
  const load = async (onProgress) => {
    const compared = await api.post('/api/admin/restores', { ...order(planned), dryRun: true, diff: true }, { onProgress })
    return compared.plan.diff
  }
  const choose = ({ collection, ids }) => chooseRecords({ api, dialog, onDone, order: { tenant: planned.tenant, collection,
    ...(ids ? { ids, ...pointOf(planned.point) } : { deletedFrom: plan.at, deletedUntil: 'now' }) } })
  return diffPanel({ load, choose })
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

function order({ tenant, as, point }) {
  return { ...(tenant === null ? {} : { tenants: [tenant] }), ...(as ? { as } : {}), ...pointOf(point) }
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
