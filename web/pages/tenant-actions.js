import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textArea } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

/** Asks why, then suspends: its users can read and export, and change nothing until it is activated. */
export function openSuspend({ api, tenant, onChange }) {
  const line = cliLine(commands.tenantSuspend(tenant.slug, ''))
  const reason = textArea({ name: 'reason', label: 'Reason', 'data-focus': true,
    hint: 'Kept in the audit log and shown here.' })
  openDialog({ title: `Suspend ${tenant.name}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {},
      'Its users can sign in, read and export, but change nothing until you activate it again. Nothing is deleted.'),
    form({
      fields: [reason], before: line, submitLabel: 'Suspend', danger: true, cancel: cancelButton(dialog),
      onChange: (values) => line.update(commands.tenantSuspend(tenant.slug, values.reason)),
      onSubmit: async (values) => {
        await api.post(actionPath(tenant, 'suspend'), values)
        finish(dialog, `${tenant.name} is suspended`, onChange)
      },
    })) })
}

/** Asks once, then activates. */
export function openActivate({ api, tenant, onChange }) {
  openDialog({ title: `Activate ${tenant.name}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, 'Its users can change things again at once.'),
    form({
      fields: [], before: cliLine(commands.tenantActivate(tenant.slug)), submitLabel: 'Activate',
      cancel: cancelButton(dialog),
      onSubmit: async () => {
        await api.post(actionPath(tenant, 'activate'))
        finish(dialog, `${tenant.name} is activated`, onChange)
      },
    })) })
}

function actionPath(tenant, verb) {
  return `/api/admin/tenants/${encodeURIComponent(tenant.slug)}/${verb}`
}

function finish(dialog, text, onChange) {
  dialog.close()
  toast(text)
  onChange()
}
