import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { problemNotice } from '../components/states.js'
import { time } from '../components/time.js'
import { element } from '../dom.js'
import { passwordHint } from '../words.js'

/** Whoever has an invitation's link chooses a password and is in. */
export function invitationPage({ api, params, signIn, setTitle }) {
  const header = pageHeader({ title: 'Invitation' })
  const place = loadInto({
    load: () => api.post('/api/auth/invitations/show', { token: params.token }),
    view: (invitation) => {
      header.querySelector('h1').textContent = `Join ${invitation.tenant.name}`
      setTitle(`Join ${invitation.tenant.name}`)
      return acceptance({ api, signIn, token: params.token, invitation })
    },
  })
  return element('div', { class: 'page page-narrow' }, header, place.element)
}

function acceptance({ api, signIn, token, invitation }) {
  const place = element('div', { class: 'stack' })
  place.append(
    element('p', {}, 'You sign in as ', element('strong', {}, invitation.email), `, with the role ${invitation.role}. `,
      'This link is good until ', time(invitation.expiresAt), '.'),
    form({ submitLabel: 'Join and sign in', fieldOfCode: { email_taken: 'password' }, fields: [
      textField({ name: 'name', label: 'Your name', autocomplete: 'name', value: invitation.name }),
      passwordField({ name: 'password', label: 'Password', autocomplete: 'new-password', hint: passwordHint }),
    ], onSubmit: async ({ name, password }) => {
      const values = { token, password, ...(name.trim() ? { name } : {}) }
      try {
        signIn(await api.signIn('/api/auth/invitations/accept', values))
      } catch (problem) {
        if (problem.status !== 410) throw problem
        place.replaceChildren(problemNotice(problem))
      }
    } }))
  return place
}
