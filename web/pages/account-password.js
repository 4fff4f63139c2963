import { passwordField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { toast } from '../components/toast.js'
import { passwordHint } from '../words.js'

/** Sets one's own password; every other session ends. */
export function passwordPanel({ api, path, signIn }) {
  return panel({ title: 'Password' }, form({
    fields: [
      passwordField({ name: 'current', label: 'Current password', autocomplete: 'current-password' }),
      passwordField({ name: 'password', label: 'New password', autocomplete: 'new-password',
        hint: `${passwordHint} Every other session ends.` }),
    ],
    submitLabel: 'Change the password',
    onSubmit: async (values) => {
      const session = await api.signIn('/api/auth/password', values)
      toast('The password is changed')
      signIn(session, path)
    },
  }))
}
