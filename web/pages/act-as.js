import { checkboxes } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { textArea, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

/** An operator says why they go into a shop; `onStarted()` is called once they may. */
export function actAsForm({ api, slug, email, onStarted }) {
  const values = { reason: '', minutes: '30', write: [] }
  const line = cliLine(commands.tenantActAs(slug, email, values))
  return element('section', { class: 'panel', 'aria-label': 'Act inside this shop' },
    element('h2', {}, 'Act inside this shop'),
    element('p', {}, 'A shop’s records are its own. Say why you need to see them: its people are shown who looks, '
      + 'until when and why, and can send you out. What you do is in the shop’s audit log.'),
    form({
      fields: [
        textArea({ name: 'reason', label: 'Reason', required: true }),
        textField({ name: 'minutes', label: 'Minutes', type: 'number', min: '1', max: '240', value: '30' }),
        checkboxes({ name: 'write', label: 'Rights', options: [['yes', 'Change records too, not only look']],
          value: [] })],
      before: line, submitLabel: 'Start',
      onChange: (typed) => line.update(commands.tenantActAs(slug, email, typed)),
      onSubmit: async ({ reason, minutes, write }) => {
        await api.post(`/api/admin/tenants/${encodeURIComponent(slug)}/act-as`,
          { reason, minutes: Number(minutes), write: write.length > 0 })
        onStarted()
      },
    }))
}
