import { notFound, pageFailure } from './components/states.js'
import { connectionBanner } from './components/connection-banner.js'
import { frame } from './frame.js'
import { ApplianceProblem } from './problem.js'
import { findRoute, readHash } from './router.js'
import { Shops } from './shop.js'

/** Shows the page that the address names, in a frame that fits who is signed in. */
export class Shell {
  #routes
  #root
  #api
  #session = null
  #frame = null
  #shops = null
  #leave = new AbortController()
  #banner

  constructor({ routes, root }) {
    this.#routes = routes
    this.#root = root
    this.#banner = connectionBanner({ retry: () => this.#api.reach() })
  }

  async start(api) {
    this.#api = api
    document.body.prepend(this.#banner.element)
    document.querySelector('.skip-link').addEventListener('click', skipToContent)
    addEventListener('hashchange', () => this.#show())
    try {
      this.#begin(await api.session())
      this.#show()
    } catch (error) {
      this.#failedStart(ApplianceProblem.from(error))
    }
  }

  /** Any request answered 401: the session is gone. The wanted page waits behind the sign-in. */
  signedOut() {
    this.#begin(null)
    const { path } = readHash(location.hash)
    if (path !== '/login') location.hash = loginAddress(location.hash)
  }

  connection(isReachable) {
    this.#banner.show(!isReachable)
  }

  #show() {
    const { path, query } = readHash(location.hash)
    const found = findRoute(this.#routes, path)
    const audience = this.#audience()
    if (path === '/') return this.#redirect(home(audience))
    if (found && found.route.audience !== 'anyone' && audience === 'anyone') {
      return this.#redirect(loginAddress(location.hash))
    }
    const allowed = ['anyone', audience, ...(this.#session ? ['signed-in'] : [])]
    const isAllowed = found && allowed.includes(found.route.audience)
    this.#open(isAllowed ? found : { route: { page: notFound, title: 'Not found' }, params: {} }, path, query)
  }

  #open({ route, params }, path, query) {
    this.#leave.abort()
    this.#leave = new AbortController()
    document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close())
    this.#title(route.title)
    const page = route.page(this.#context({ params, path, query }))
    this.#place(page, route)
    scrollTo(0, 0)
    // Tells a screen reader where it is now; a page that wants its first field focused does that itself.
    if (!page.contains(document.activeElement)) page.querySelector('h1')?.focus({ preventScroll: true })
  }

  #context({ params, path, query }) {
    return {
      api: this.#api, session: this.#session, shops: this.#shops, params, path, query,
      signal: this.#leave.signal,
      setTitle: (title) => this.#title(title),
      signIn: (session, wanted) => this.#signedIn(session, wanted),
    }
  }

  #place(page, route) {
    if (!this.#frame || this.#frame.session !== this.#session) {
      this.#frame = frame({ api: this.#api, session: this.#session, shops: this.#shops, onSignOut: () => this.#signOut() })
      this.#root.replaceChildren(...this.#frame.parts)
    }
    this.#frame.show(page, route.section ?? sectionOf(readHash(location.hash).path))
  }

  // What was read of a shop belongs to whoever was signed in then.
  #begin(session) {
    this.#session = session
    this.#shops = session && new Shops(this.#api, session)
  }

  #signedIn(session, wanted) {
    this.#begin(session)
    const target = wanted?.startsWith('/') ? wanted : home(this.#audience())
    // Replaced, not pushed: going back must not lead to a used setup link or to the sign-in form.
    this.#redirect(target)
  }

  async #signOut() {
    try {
      await this.#api.post('/api/auth/logout')
    } catch (error) {
      // A session that is already gone is as good as one that ended now.
      if (ApplianceProblem.from(error).status !== 401) return
    }
    this.#begin(null)
    this.#redirect('/login')
  }

  #redirect(path) {
    history.replaceState(null, '', `#${path}`)
    this.#show()
  }

  #audience() {
    if (!this.#session) return 'anyone'
    return this.#session.user.role === 'operator' ? 'operator' : 'shop'
  }

  #failedStart(problem) {
    this.#place(pageFailure({ title: 'Appliance', problem, reload: () => location.reload() }), {})
  }

  #title(title) {
    document.title = `${title} · Appliance`
  }
}

function home(audience) {
  return { operator: '/overview', shop: '/shop', anyone: '/login' }[audience]
}

// In a shop the menu lists its collections: the entry is what stands behind “records”, or the page itself.
function sectionOf(path) {
  const [, , first, collection] = path.split('/')
  return first === 'records' ? `records/${collection}` : first ?? 'shop'
}

function loginAddress(hash) {
  return hash.length > 2 ? `/login?then=${encodeURIComponent(hash.slice(1))}` : '/login'
}

// The address after “#” is the route, so the link itself cannot be followed.
function skipToContent(event) {
  event.preventDefault()
  document.querySelector('#main')?.focus()
}
