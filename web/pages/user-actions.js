import { button } from '../components/button.js'
import { radios } from '../components/choices.js'
import { cliLine, copyLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { time } from '../components/time.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { passwordHint } from '../words.js'
import { sessionList } from './account-sessions.js'
import { roles } from './user-roles.js'

/** Asks for a new person of the shop. */
export function openCreateUser({ shop, session, onChange, own }) {
  const first = { email: '', name: '', role: 'staff' }
  const line = cliLine(commands.userCreate(shop, first))
  openDialog({ title: 'New user', content: (dialog) => form({
    fields: [
      textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'off', required: true,
        'data-focus': true }),
      textField({ name: 'name', label: 'Name', autocomplete: 'off' }),
      roleField(session, first.role, own),
      passwordField({ name: 'password', label: 'Password', autocomplete: 'new-password', hint: passwordHint }),
    ],
    before: line, submitLabel: 'Create user', cancel: cancelButton(dialog), fieldOfCode: { email_taken: 'email' },
    onChange: (values) => line.update(commands.userCreate(shop, values)),
    onSubmit: async ({ name, ...values }) => {
      const user = await shop.post('/api/users', { ...values, ...(name.trim() ? { name } : {}) })
      finish(dialog, `${user.email} is created`, onChange)
    },
  }) })
}

/** Asks for another role. It counts from the person's next request on. */
export function openRole({ shop, session, user, onChange, own }) {
  const line = cliLine(commands.userSetRole(shop, user, user.role))
  openDialog({ title: `Role of ${user.email}`, content: (dialog) => form({
    fields: [roleField(session, user.role, own)], before: line, submitLabel: 'Change the role',
    cancel: cancelButton(dialog),
    onChange: ({ role }) => line.update(commands.userSetRole(shop, user, role)),
    onSubmit: async ({ role }) => {
      await shop.post(`${path(user)}/role`, { role })
      finish(dialog, `${user.email} is ${role} now`, onChange)
    },
  }) })
}

/** Sets a new password and ends every session of the person. */
export function openResetPassword({ shop, user, onChange }) {
  openDialog({ title: `New password for ${user.email}`, content: (dialog) => form({
    fields: [passwordField({ name: 'password', label: 'New password', autocomplete: 'new-password', hint: passwordHint,
      'data-focus': true })],
    before: element('div', { class: 'stack' },
      element('p', {}, 'Every session of theirs ends. Tell them the new password yourself.'),
      cliLine(commands.userResetPassword(shop, user))),
    submitLabel: 'Set the password', cancel: cancelButton(dialog),
    onSubmit: async (values) => {
      await shop.post(`${path(user)}/reset-password`, values)
      finish(dialog, `The password of ${user.email} is set`, onChange)
    },
  }) })
}

/** Makes a link with which the person chooses a new password, to be handed over. */
export function openResetLink({ shop, user }) {
  openDialog({ title: `Reset link for ${user.email}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, 'Whoever opens the link chooses a new password, once and within 30 minutes. '
      + 'Give it to nobody else.'),
    form({
      fields: [], before: cliLine(commands.userResetLink(shop, user)), submitLabel: 'Make a link',
      cancel: cancelButton(dialog),
      onSubmit: async () => showLink(dialog, await shop.post(`${path(user)}/reset-link`)),
    })) })
}

/** Shows where the person is signed in, and ends all of it. */
export function openSessions({ shop, user, onChange }) {
  const list = sessionList(() => shop.get(`${path(user)}/sessions`))
  list.reload()
  openDialog({ title: `Sessions of ${user.email}`, wide: true, content: (dialog) => element('div', { class: 'stack' },
    list.element, cliLine(commands.userSignOut(shop, user)),
    form({
      fields: [], submitLabel: 'Sign out everywhere', danger: true, cancel: cancelButton(dialog),
      onSubmit: async () => {
        await shop.post(`${path(user)}/sign-out`)
        finish(dialog, `${user.email} is signed out everywhere`, onChange)
      },
    })) })
}

/** A link that is shown once. */
export function showLink(dialog, { link, expiresAt }) {
  dialog.show(element('p', {}, 'It is shown this once, and good until ', time(expiresAt), '.'), copyLine(link, 'link'),
    element('div', { class: 'form-actions' }, button({ label: 'Done', primary: true, onClick: () => dialog.close() })))
}

/** Asks once, then shuts the person out. */
export function openDisable({ shop, user, onChange }) {
  openDialog({ title: `Disable ${user.email}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, 'They are signed out everywhere at once and cannot sign in until you enable them again. '
      + 'What they made stays.'),
    form({
      fields: [], before: cliLine(commands.userDisable(shop, user)), submitLabel: 'Disable', danger: true,
      cancel: cancelButton(dialog),
      onSubmit: async () => {
        await shop.post(`${path(user)}/disable`)
        finish(dialog, `${user.email} is disabled`, onChange)
      },
    })) })
}

/** Asks once, then lets the person in again. */
export function openEnable({ shop, user, onChange }) {
  openDialog({ title: `Enable ${user.email}`, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, 'They can sign in again with the password they had.'),
    form({
      fields: [], before: cliLine(commands.userEnable(shop, user)), submitLabel: 'Enable', cancel: cancelButton(dialog),
      onSubmit: async () => {
        await shop.post(`${path(user)}/enable`)
        finish(dialog, `${user.email} is enabled`, onChange)
      },
    })) })
}

// Only an owner, or an operator, makes owners. `own` are the roles that the shop defined.
export function roleField(session, value, own) {
  const mayMakeOwners = ['operator', 'owner'].includes(session.user.role)
  const offered = roles.filter(({ name }) => name !== 'owner' || mayMakeOwners || value === 'owner')
  const options = [...offered.map(({ name }) => [name, name]), ...own.map(({ name, title }) => [name, title])]
  if (!options.some(([name]) => name === value)) options.push([value, value])
  return radios({ name: 'role', label: 'Role', value, options })
}

const path = (user) => `/api/users/${encodeURIComponent(user.id)}`

function finish(dialog, text, onChange) {
  dialog.close()
  toast(text)
  onChange()
}
