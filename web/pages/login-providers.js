import { buttonLink } from '../components/button.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

/** A button for each identity provider that is set up, and nothing where none is. */
export function providerLinks({ api, shop, page }) {
  const place = element('div', { class: 'stack-tight', hidden: true })
  offer(api, place, shop, page)
  return place
}

// Nobody waits for it: the password works without.
async function offer(api, place, shop, page) {
  const { items } = await api.get('/api/auth/providers').catch(() => ({ items: [] }))
  place.append(...items.map((provider) => providerLink(provider, shop, page)))
  place.hidden = items.length === 0
}

function providerLink({ name, label }, shop, page) {
  const link = buttonLink({ label: `Sign in with ${label}`, href: startAddress(name, shop, page) })
  // The shop may be written after the button was drawn.
  link.addEventListener('click', () => { link.href = startAddress(name, shop, page) })
  return link
}

function startAddress(name, shop, page) {
  const wanted = Object.entries({ shop: shop.value().trim(), then: page }).filter(([, value]) => value)
  const query = new URLSearchParams(wanted).toString()
  return `/api/auth/oauth/${encodeURIComponent(name)}/start${query && `?${query}`}`
}

const sentences = {
  provider_unknown: 'There is no such way to sign in any more.',
  provider_unreachable: 'The other service does not answer as it should. Try again later, or use the password.',
  provider_denied: 'The sign-in was cancelled at the other service.',
  provider_answer_refused: 'What the other service says does not hold. Try again, or use the password.',
  sign_in_again: 'This sign-in has ended, or began in another browser. Begin again.',
  email_not_verified: 'The other service has not verified your address. Verify it there, or use the password.',
  no_account: 'No account here may be opened this way. Ask for an invitation, or use the password.',
  tenant_cancelled: 'This shop is cancelled: only its owners can sign in, to take its data away.',
  too_many_requests: 'Too many attempts from this address. Try again later.',
}

/** Why a sign-in with an identity provider led back here; the address brings a code, and never a text. */
export function signInProblem(code) {
  return new ApplianceProblem({ title: 'Not signed in', status: 0, code,
    detail: sentences[code] ?? 'It did not work. Try again, or use the password.' })
}
