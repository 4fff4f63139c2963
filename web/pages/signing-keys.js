import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { checkboxes } from '../components/choices.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { form } from '../components/form.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { time } from '../components/time.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'

const path = '/api/admin/signing-keys'

/** The keys that sign access tokens, and a new one at the press of a button. The master key is for the command line. */
export function signingKeysPart(api, signal) {
  const part = loadInto({
    load: () => api.get(path, { signal }),
    view: ({ items }) => element('div', { class: 'stack' },
      table({ caption: 'Signing keys', items, columns: [
        { title: 'Key', main: true, cell: ({ id }) => String(id) },
        { title: 'Created', cell: ({ createdAt }) => time(createdAt) },
        { title: 'State', cell: ({ retiredAt }) => (retiredAt
          ? ['until its tokens expire, retired ', time(retiredAt)] : badge('signs', 'good')) }] }),
      element('div', { class: 'actions' },
        button({ label: 'New signing key…', icon: 'key', onClick: () => openRotate(api, part.reload) })),
      element('p', { class: 'small muted' },
        'All are derived from the master key, which is changed on the server itself:'),
      cliLine(commands.secretsRotate())),
  })
  return part
}

function openRotate(api, onDone) {
  openDialog({ title: 'New signing key', content: (dialog) => {
    const line = cliLine(commands.signingKeyRotate(false))
    const isAtOnce = ({ now }) => now.length > 0
    return form({
      fields: [checkboxes({ name: 'now', label: 'Tokens that are out',
        options: [['yes', 'End at once; browsers stay signed in']], value: [] })],
      before: line, submitLabel: 'Begin the new key', cancel: cancelButton(dialog),
      onChange: (values) => line.update(commands.signingKeyRotate(isAtOnce(values))),
      onSubmit: async (values) => {
        await api.post(`${path}/rotate`, { immediately: isAtOnce(values) })
        dialog.close()
        toast('A new key signs')
        onDone()
      },
    })
  } })
}
