import { checkboxes } from '../components/choices.js'
import { passwordField, selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { element } from '../dom.js'
import { ownTimeZone, timeZones } from '../time-zones.js'
import { currencies, followName } from './tenant-create.js'

/** Anybody starts the trial of a shop here, and is signed in to it. */
export function signupPage({ api, signIn }) {
  const { element: body } = loadInto({
    load: () => api.get('/api/auth/shop'),
    view: ({ signup, termsVersion }) => (signup ? signupForm({ api, signIn, termsVersion })
      : element('p', {}, 'New shops are made by the operator here.')),
  })
  return element('div', { class: 'page page-narrow' },
    pageHeader({ title: 'Start your shop', lead: 'Fourteen days to try everything. Nothing is paid by itself.' }),
    body, element('p', { class: 'small' }, element('a', { href: '#/login' }, 'I have a shop: sign in')))
}

function signupForm({ api, signIn, termsVersion }) {
  const name = textField({ name: 'name', label: 'Name of the shop', autocomplete: 'organization' })
  const slug = textField({ name: 'slug', label: 'Short name', autocapitalize: 'none', spellcheck: 'false',
    autocomplete: 'off', hint: 'In addresses: a–z, 0–9 and single dashes.' })
  followName(name.input, slug.input)
  const terms = checkboxes({ name: 'termsVersion', label: 'Terms', value: [],
    options: [['yes', 'I accept the terms and the privacy policy']] })
  return form({
    fields: [
      name, slug, textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'username' }),
      passwordField({ name: 'password', label: 'Password', autocomplete: 'new-password',
        hint: 'At least 15 characters. A few unrelated words are easy to remember and hard to guess.' }),
      selectField({ name: 'timeZone', label: 'Time zone', options: timeZones().map((zone) => [zone, zone]),
        value: ownTimeZone() }),
      selectField({ name: 'currency', label: 'Currency', options: currencies.map((one) => [one, one]),
        value: currencies[0] }), terms],
    before: element('p', { class: 'small' },
      element('a', { href: '/terms', target: '_blank', rel: 'noopener' }, 'Terms'), ' · ',
      element('a', { href: '/privacy', target: '_blank', rel: 'noopener' }, 'Privacy policy')),
    submitLabel: 'Start the trial', fieldOfCode: { slug_taken: 'slug' },
    onSubmit: async ({ termsVersion: accepted, ...values }) => {
      const body = { ...values, ...(accepted.length > 0 ? { termsVersion } : {}) }
      await api.signIn('/api/signup', body)
      const { email, password } = values
      signIn(await api.signIn('/api/auth/login', { email, password }, values.slug))
    },
  })
}
