import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { form } from '../components/form.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { labelOf } from './labels.js'

/** Asks once, then deletes the record as it was read: if it was changed since, the server refuses and says so. */
export function openDelete({ shop, collection, record, onDone }) {
  const label = labelOf(collection, record)
  openDialog({ title: `Delete ${label}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, `The ${collection.singular.toLowerCase()} is deleted for everyone in ${shop.name}. `
      + 'It can only come back from a backup.'),
    form({
      fields: [], before: cliLine(commands.recordDelete(shop, collection, record.id)), submitLabel: 'Delete',
      danger: true, cancel: cancelButton(dialog),
      onSubmit: async () => {
        await shop.delete(`${collection.path}/${encodeURIComponent(record.id)}`, { version: record.version })
        dialog.close()
        toast(`${label} is deleted`)
        onDone()
      },
    })) })
}
