import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { problemNotice } from '../components/states.js'
import { toast } from '../components/toast.js'
import { element } from '../dom.js'
import { passwordHint } from '../words.js'

/** Asks for a link that sets a new password. What is said afterwards is the same for every address. */
export function forgotPage({ api, query }) {
  const shop = query.get('shop') ?? ''
  const place = element('div', { class: 'stack' })
  const email = textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'username' })
  const fields = [email, textField({ name: 'shop', label: 'Shop', value: shop, autocapitalize: 'none',
    spellcheck: 'false', autocomplete: 'organization', hint: 'Its short name. Operators leave it empty.' })]
  place.append(form({ fields, submitLabel: 'Send a link', onSubmit: async ({ email: address, shop: tenant }) => {
    const { message } = await api.post('/api/auth/forgot', { email: address }, { tenant: tenant.trim() })
    place.replaceChildren(element('p', { role: 'status' }, message),
      element('p', {}, 'It is good once and for 30 minutes. Where no mail is set up, whoever runs this appliance '
        + 'finds it in the outbox.'))
  } }))
  queueMicrotask(() => email.focus())
  return element('div', { class: 'page page-narrow' },
    pageHeader({ title: 'Forgotten password', back: { href: '#/login', label: 'Sign in' } }), place)
}

/** Sets a new password with the link of a message. */
export function resetPage({ api, params }) {
  const place = element('div', { class: 'stack' })
  const password = passwordField({ name: 'password', label: 'New password', autocomplete: 'new-password',
    hint: passwordHint })
  place.append(form({ fields: [password], submitLabel: 'Set the password', onSubmit: async (values) => {
    try {
      await api.post('/api/auth/reset', { token: params.token, ...values })
    } catch (problem) {
      if (problem.status !== 410) throw problem
      return place.replaceChildren(problemNotice(problem),
        element('p', {}, element('a', { href: '#/forgot' }, 'Ask for a new link')))
    }
    toast('The password is set')
    location.hash = '#/login'
  } }))
  queueMicrotask(() => password.focus())
  return element('div', { class: 'page page-narrow' },
    pageHeader({ title: 'New password', lead: 'Every session of this account ends.' }), place)
}
