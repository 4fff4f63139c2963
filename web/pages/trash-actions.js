import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

/** Takes a tenant out of service and into the trash, once its slug is typed. */
export function openDelete({ api, tenant, onDone }) {
  confirmBySlug({
    title: `Delete ${tenant.name}`, tenant, command: commands.tenantDelete(tenant.slug), submitLabel: 'Delete',
    text: 'It goes out of service at once: nobody can sign in to it. It can come back whole for 30 days.',
    act: (confirm) => api.post(`/api/admin/tenants/${encodeURIComponent(tenant.slug)}/delete`, { confirm }),
    done: `${tenant.name} is in the trash`, onDone,
  })
}

/** Removes a deleted tenant before its day, once its slug is typed. */
export function openPurge({ api, tenant, onChange }) {
  confirmBySlug({
    title: `Remove ${tenant.name} for good`, tenant, command: commands.tenantPurge(tenant.slug),
    submitLabel: 'Remove for good', text: 'It cannot come back from the trash after this.',
    act: (confirm) => api.post(`${trashPath(tenant)}/purge`, { confirm }),
    done: `${tenant.name} is removed`, onDone: onChange,
  })
}

/** Asks once, then brings a tenant back as it was. */
export function openUndelete({ api, tenant, onChange }) {
  openDialog({ title: `Bring back ${tenant.name}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, 'Its people can sign in again at once, and everything is as it was when it was deleted.'),
    form({
      fields: [], before: cliLine(commands.tenantUndelete(tenant.slug)), submitLabel: 'Bring back',
      cancel: cancelButton(dialog),
      onSubmit: async () => {
        await api.post(`${trashPath(tenant)}/undelete`)
        finish(dialog, `${tenant.name} is back`, onChange)
      },
    })) })
}

function confirmBySlug({ title, tenant, text, command, submitLabel, act, done, onDone }) {
  const confirm = textField({ name: 'confirm', label: `Type “${tenant.slug}” to confirm`, 'data-focus': true,
    autocomplete: 'off', autocapitalize: 'none', spellcheck: 'false' })
  const typed = { ...confirm, fault: () => (confirm.value() === tenant.slug ? null : `Type exactly “${tenant.slug}”.`) }
  openDialog({ title, content: (dialog) => element('div', { class: 'stack' }, element('p', {}, text), form({
    fields: [typed], before: cliLine(command), submitLabel, danger: true, cancel: cancelButton(dialog),
    onSubmit: async () => {
      await act(tenant.slug)
      finish(dialog, done, onDone)
    },
  })) })
}

const trashPath = ({ id }) => `/api/admin/trash/${encodeURIComponent(id)}`

function finish(dialog, text, onDone) {
  dialog.close()
  toast(text)
  onDone()
}
