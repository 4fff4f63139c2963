import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { textField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { valueNode } from '../records/values.js'
import { roleField, showLink } from './user-actions.js'

const tones = { pending: 'note', accepted: 'good', revoked: 'plain', expired: 'warn' }

/** Asks whom to invite, and shows the link: the invitation works without mail. */
export function openInvite({ shop, session, onChange, own }) {
  const line = cliLine(commands.userInvite(shop, { email: '', name: '', role: 'staff' }))
  openDialog({ title: 'Invite somebody', content: (dialog) => form({
    fields: [
      textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'off', required: true,
        'data-focus': true }),
      textField({ name: 'name', label: 'Name', autocomplete: 'off' }),
      roleField(session, 'staff', own),
    ],
    before: line, submitLabel: 'Invite', cancel: cancelButton(dialog), fieldOfCode: { email_taken: 'email' },
    onChange: (values) => line.update(commands.userInvite(shop, values)),
    onSubmit: async ({ name, ...values }) => {
      const invitation = await shop.post('/api/invitations', { ...values, ...(name.trim() ? { name } : {}) })
      toast(`${invitation.email} is invited`)
      onChange()
      showLink(dialog, invitation)
    },
  }) })
}

/** Who was invited and what became of it. */
export function invitationsPanel({ shop, signal, onChange }) {
  const changed = () => {
    list.reload({ isQuiet: true })
    onChange()
  }
  const list = new PagedList({
    columns: columns(shop, changed), caption: 'Invitations', noun: 'invitation',
    load: () => shop.get('/api/invitations', { signal }),
    empty: () => element('p', { class: 'muted' }, 'Nobody was invited yet.'),
  })
  list.reload()
  return { element: panel({ title: 'Invitations' }, list.element, cliLine(commands.userInvitations(shop))),
    reload: () => list.reload({ isQuiet: true }) }
}

function columns(shop, onChange) {
  return [
    { title: 'Email', main: true, cell: ({ email }) => email },
    { title: 'Role', cell: ({ role }) => badge(role, role === 'owner' ? 'accent' : 'plain') },
    { title: 'Status', cell: ({ status }) => badge(status, tones[status]) },
    { title: 'Expires', minor: true,
      cell: (invitation) => valueNode(shop, { name: 'expiresAt', type: 'instant' }, invitation) },
    { title: 'Actions', cell: (invitation) => revoke(shop, invitation, onChange) },
  ]
}

function revoke(shop, invitation, onChange) {
  if (invitation.status !== 'pending') return '–'
  const node = button({ label: 'Withdraw…', small: true, onClick: () => openRevoke({ shop, invitation, onChange }) })
  node.setAttribute('aria-label', `Withdraw the invitation of ${invitation.email}`)
  return node
}

function openRevoke({ shop, invitation, onChange }) {
  openDialog({ title: `Withdraw the invitation of ${invitation.email}`, content: (dialog) => form({
    fields: [], before: element('div', { class: 'stack' }, element('p', {}, 'Its link is dead at once.'),
      cliLine(commands.userRevokeInvitation(shop, invitation))),
    submitLabel: 'Withdraw', danger: true, cancel: cancelButton(dialog),
    onSubmit: async () => {
      await shop.post(`/api/invitations/${encodeURIComponent(invitation.id)}/revoke`)
      dialog.close()
      toast(`The invitation of ${invitation.email} is withdrawn`)
      onChange()
    },
  }) })
}
