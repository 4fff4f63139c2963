import { radios } from '../components/choices.js'
import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { shopBrand } from '../components/shop-brand.js'
import { problemNotice } from '../components/states.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { providerLinks, signInProblem } from './login-providers.js'

/**
 * Signs in an operator, or with the name of a shop one of its users. `?then=` is the page that was wanted, `?problem=`
 * why an identity provider sent somebody back, `?continue=` that it did its part.
 */
export function loginPage({ api, query, signIn }) {
  const shop = shopField(query.get('shop') ?? '')
  const fields = [
    textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'username' }),
    passwordField({ name: 'password', label: 'Password', autocomplete: 'current-password' }),
    shop,
  ]
  const page = element('div', { class: 'page page-narrow' },
    pageHeader({ title: 'Sign in' }), query.get('problem') && problemNotice(signInProblem(query.get('problem'))),
    form({ fields, submitLabel: 'Sign in', onSubmit: async ({ email, password, shop: tenant }) => {
      const session = await api.signIn('/api/auth/login', { email, password }, tenant.trim())
      goOn({ api, page, session, query, signIn })
    } }),
    providerLinks({ api, shop, page: query.get('then') }),
    element('p', { class: 'small' }, element('a', { href: forgotAddress(shop.value()) }, 'Forgotten password?')))
  if (query.get('continue')) goOnFromProvider({ api, page, query, signIn })
  greet(api, page, shop)
  queueMicrotask(() => fields[0].focus())
  return page
}

const forgotAddress = (shop) => (shop ? `#/forgot?shop=${encodeURIComponent(shop)}` : '#/forgot')

// Whose door it is, where the host name says so, and where somebody new goes. Nobody waits for it.
async function greet(api, page, field) {
  const { shop, signup } = await api.get('/api/auth/shop').catch(() => ({}))
  if (shop) {
    page.firstChild.append(shopBrand(shop))
    field.element.hidden = true
  }
  if (signup) page.append(element('p', { class: 'small' }, element('a', { href: '#/signup' }, 'Start your shop')))
}

// The provider said who it is; what is still missing is the same as after a password.
async function goOnFromProvider({ api, page, query, signIn }) {
  try {
    goOn({ api, page, query, signIn, session: await api.get('/api/auth/pending') })
  } catch (error) {
    page.firstChild.after(problemNotice(ApplianceProblem.from(error)))
  }
}

// The password was right; something may still be missing.
function goOn(context) {
  const { session, query, signIn } = context
  if (session.needs === 'shop') askForShop(context)
  else if (session.needs === 'code') askForCode(context)
  else signIn(session, query.get('then'))
}

function askForShop(context) {
  const { api, page, session: { challenge, shops } } = context
  const choice = radios({ name: 'shop', label: 'Shop', value: shops[0].slug,
    options: shops.map(({ slug, name }) => [slug, name]) })
  page.replaceChildren(pageHeader({ title: 'Choose a shop', lead: 'Your address has an account in each of these.' }),
    form({ fields: [choice], submitLabel: 'Go on', onSubmit: async ({ shop }) => {
      const session = await api.signIn('/api/auth/shop', { challenge, shop })
      goOn({ ...context, session })
    } }))
  choice.focus()
}

// The second factor is on.
function askForCode({ api, page, session: { challenge }, query, signIn }) {
  const code = textField({ name: 'code', label: 'Code', autocomplete: 'one-time-code', inputmode: 'numeric',
    spellcheck: 'false', hint: 'Six digits of your authenticator app, or one of your recovery codes.' })
  page.replaceChildren(pageHeader({ title: 'Enter the code' }),
    form({ fields: [code], submitLabel: 'Sign in', fieldOfCode: { wrong_code: 'code' },
      onSubmit: async (values) => signIn(
        await api.signIn('/api/auth/totp', { challenge, code: values.code.trim() }), query.get('then')) }),
    element('p', { class: 'small' }, element('a', { href: '#/login', onClick: () => location.reload() },
      'Begin again')))
  code.focus()
}

// Operators have no shop, so its field stays folded away until someone asks for it.
function shopField(name) {
  const field = textField({ name: 'shop', label: 'Shop', value: name, autocapitalize: 'none', spellcheck: 'false',
    autocomplete: 'organization', hint: 'Its short name, such as acme in acme.example.com.' })
  const isOpen = name !== ''
  const reveal = element('button', { class: 'link', type: 'button', onClick: () => {
    field.element.hidden = false
    reveal.hidden = true
    field.focus()
  } }, 'Sign in to a shop instead')
  field.element.hidden = !isOpen
  reveal.hidden = isOpen
  return { ...field, element: element('div', {}, reveal, field.element) }
}
