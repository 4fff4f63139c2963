import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { labelOf } from './labels.js'

const word = 'erase'

/** Takes out of a record what it tells about a person, for good: asks why, and for a word that nobody types by chance. */
export function openErase({ shop, collection, record }) {
  const personal = collection.fields.filter((field) => field.isPersonal).map(({ title }) => title)
  const reason = textField({ name: 'reason', label: 'Reason', required: true, maxlength: 300, 'data-focus': true,
    hint: 'It stays in the audit log for good, so name nobody.' })
  const confirm = textField({ name: 'confirm', label: `Type “${word}” to confirm`, autocomplete: 'off',
    autocapitalize: 'none', spellcheck: 'false' })
  const typed = { ...confirm, fault: () => (confirm.value() === word ? null : `Type exactly “${word}”.`) }
  openDialog({ title: `Erase ${labelOf(collection, record)}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, `${personal.join(', ')}: gone for good, here and in whatever a restore brings back. `
      + 'The record stays under a pseudonym; what the law wants kept stays.'),
    form({
      fields: [reason, typed], before: cliLine(commands.recordErase(shop, collection, record.id)),
      submitLabel: 'Erase for good', danger: true, cancel: cancelButton(dialog),
      onSubmit: async (values) => {
        const done = await shop.post(`${collection.path}/${encodeURIComponent(record.id)}/erase`,
          { reason: values.reason })
        dialog.close()
        toast(`Erased; the pseudonym is #${done.pseudonym}`)
        location.hash = shop.address(collection.name)
      },
    })) })
}
