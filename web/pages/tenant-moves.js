import { checkboxes } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textArea, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

// What each move asks, says and sends. `fits` is when it is offered; the server's table decides.
const moves = [
  { verb: 'extend-trial', label: 'Extend trial…', icon: 'clock', done: 'has a longer trial',
    fits: (tenant) => isOnTrial(tenant) && !isHeld(tenant),
    text: 'Whole days of its calendar. A trial that is over goes on from today.',
    fields: () => [textField({ name: 'days', label: 'Days to add', type: 'number', min: '1', value: '7',
      'data-focus': true })],
    body: ({ days }) => ({ days: Number(days) }) },
  { verb: 'convert', label: 'Convert…', icon: 'check', done: 'is a subscription now',
    fits: (tenant) => isOnTrial(tenant) && !isHeld(tenant), text: 'The trial becomes a subscription.',
    fields: () => [paidUntil('Empty: without an end.')], body: ({ paidUntil: day }) => (day ? { paidUntil: day } : {}) },
  { verb: 'renew', label: 'Renew…', icon: 'check', done: 'is renewed',
    fits: (tenant) => Boolean(tenant.convertedAt) && !isHeld(tenant), text: 'It is paid until a later day.',
    fields: () => [paidUntil('')], body: ({ paidUntil: day }) => ({ paidUntil: day }) },
  { verb: 'cancel', label: 'Cancel…', icon: 'cross', done: 'is cancelled', danger: true,
    fits: (tenant) => tenant.status !== 'cancelled' && !tenant.cancelsAt,
    text: 'It ends with its trial or paid period, or on the day you give; until then nothing changes. '
      + 'Nothing is deleted.',
    fields: () => [
      textField({ name: 'at', label: 'Last day', type: 'date', hint: 'Empty: the end of its period.' }),
      checkboxes({ name: 'now', label: 'Or', options: [['yes', 'Now: only owners can sign in, to export']],
        value: [] })],
    needsReason: true,
    body: ({ at, now }) => (now.length > 0 ? { now: true } : at ? { at } : {}) },
  { verb: 'reactivate', label: 'Reactivate…', icon: 'undo', done: 'is back',
    fits: (tenant) => ['suspended', 'cancelled'].includes(tenant.status) || Boolean(tenant.cancelsAt),
    text: 'It is again what it was before it was suspended or cancelled.', fields: () => [], body: () => ({}) },
]

const isOnTrial = (tenant) => Boolean(tenant.trialEndsAt) && !tenant.convertedAt
const isHeld = (tenant) => tenant.status === 'suspended' && !tenant.suspensionEndsAt
const paidUntil = (hint) => textField({ name: 'paidUntil', label: 'Last paid day', type: 'date', hint,
  'data-focus': true })

/** The moves that fit a tenant now, as buttons that each open a dialog. */
export function moveButtons({ api, tenant, onChange }) {
  return moves.filter((move) => move.fits(tenant)).map((move) => (
    { label: move.label, icon: move.icon, small: true, onClick: () => openMove({ api, tenant, onChange, move }) }))
}

function openMove({ api, tenant, onChange, move }) {
  const reason = textArea({ name: 'reason', label: 'Reason', required: move.needsReason,
    hint: move.needsReason ? 'The shop’s people see it; kept in the audit log.' : 'Kept in the audit log.' })
  const fields = [...move.fields(), reason]
  const values = () => Object.fromEntries(fields.map((field) => [field.name, field.value()]))
  const line = cliLine(commands.tenantMove(tenant.slug, move.verb, withReason(move, values())))
  openDialog({ title: `${move.label.replace('…', '')} · ${tenant.name}`, content: (dialog) => (
    element('div', { class: 'stack' }, element('p', {}, move.text), form({
      fields, before: line, submitLabel: move.label.replace('…', ''), danger: move.danger,
      cancel: cancelButton(dialog),
      onChange: (typed) => line.update(commands.tenantMove(tenant.slug, move.verb, withReason(move, typed))),
      onSubmit: async (typed) => {
        await api.post(`/api/admin/tenants/${encodeURIComponent(tenant.slug)}/${move.verb}`, withReason(move, typed))
        dialog.close()
        toast(`${tenant.name} ${move.done}`)
        onChange()
      },
    }))) })
}

function withReason(move, { reason, ...values }) {
  return { ...move.body(values), ...(reason ? { reason } : {}) }
}
