import { ApplianceProblem } from './problem.js'
import { readProgress } from './stream.js'

/** Talks to the server. The session is its cookie, the CSRF token is kept here, a failure is an ApplianceProblem. */
export class Api {
  #csrfToken = null
  #onSignedOut
  #onConnection

  /** `onSignedOut()` is called on any 401, `onConnection(isReachable)` after every attempt. */
  constructor({ onSignedOut, onConnection }) {
    this.#onSignedOut = onSignedOut
    this.#onConnection = onConnection
  }

  get(path, options) {
    return this.#send('GET', path, undefined, options)
  }

  post(path, body = {}, options) {
    return this.#send('POST', path, body, options)
  }

  /** Changes the named fields (JSON Merge Patch). With `version`, only if the record still has that one (412 else). */
  patch(path, body, options) {
    return this.#send('PATCH', path, body, options)
  }

  /** Puts the body in the place of what is there. With `version`, only if that is still of this one. */
  put(path, body, options) {
    return this.#send('PUT', path, body, options)
  }

  delete(path, options) {
    return this.#send('DELETE', path, undefined, options)
  }

  /** What the path gives as a file of this media type, such as CSV. */
  async download(path, type, { query, tenant, signal } = {}) {
    const headers = { ...this.#headers('GET', { tenant }), Accept: type }
    const response = await this.#fetch(address(path, query), { method: 'GET', signal, headers })
    if (!response.ok) throw await this.#problem(response)
    return response.blob()
  }

  /** A response to be read as it comes, whatever its status; server-sent events go on from `since`. */
  stream(path, { query, tenant, since, signal }) {
    const headers = { ...this.#headers('GET', { tenant }), Accept: 'text/event-stream' }
    if (since) headers['Last-Event-ID'] = since
    return fetch(address(path, query), { signal, headers, credentials: 'same-origin', cache: 'no-store' })
  }

  /** Sends a file as it is; `onProgress(bytes)` tells how far it has come, which fetch() cannot. */
  upload(path, file, { query, tenant, signal, onProgress }) {
    const request = new XMLHttpRequest()
    request.open('POST', address(path, query))
    const headers = this.#headers('POST', { tenant, type: file.type || 'application/octet-stream' })
    Object.entries(headers).forEach(([name, value]) => request.setRequestHeader(name, value))
    return new Promise((resolve, reject) => {
      const fail = () => {
        this.#onConnection(false)
        reject(ApplianceProblem.unreachable())
      }
      const finish = async () => {
        const response = new Response(request.response, { status: request.status })
        if (response.ok) return resolve(await response.json())
        reject(await this.#problem(response))
      }
      signal?.addEventListener('abort', () => request.abort())
      request.upload.addEventListener('progress', (event) => onProgress?.(event.loaded))
      request.addEventListener('error', fail)
      request.addEventListener('load', finish)
      request.send(file)
    })
  }

  /** Asks for a sign of life; what is said in it does not matter. */
  async reach() {
    await this.#fetch('/api/health/live', { method: 'GET' })
  }

  /** Signs in or sets up: no session yet, so a 401 is an answer to show and not a reason to leave. */
  async signIn(path, body, tenant) {
    const session = await this.#send('POST', path, body, { tenant, isAnonymous: true })
    this.#csrfToken = session.csrfToken
    return session
  }

  /** The session behind the cookie, or null when there is none. */
  async session() {
    try {
      const session = await this.#send('GET', '/api/auth/me', undefined, { isAnonymous: true })
      this.#csrfToken = session.csrfToken
      return session
    } catch (problem) {
      if (problem.status === 401) return null
      throw problem
    }
  }

  async #send(method, path, body, { query, tenant, signal, onProgress, isAnonymous, version } = {}) {
    const type = body instanceof Blob ? body.type : 'application/json'
    const response = await this.#fetch(address(path, query), {
      method, signal, headers: this.#headers(method, { tenant, onProgress, version, type }),
      body: body === undefined || body instanceof Blob ? body : JSON.stringify(body),
    })
    if (!response.ok) throw await this.#problem(response, isAnonymous)
    if (response.status === 204) return null
    if (mediaType(response) === 'application/x-ndjson') return readProgress(response, onProgress ?? (() => {}))
    return response.json()
  }

  async #fetch(url, options) {
    try {
      const response = await fetch(url, { credentials: 'same-origin', cache: 'no-store', ...options })
      // A proxy in front answers 502 or 504 by itself when the server is down.
      if (response.status === 502 || response.status === 504) throw ApplianceProblem.unreachable()
      this.#onConnection(true)
      return response
    } catch (error) {
      if (error.name === 'AbortError') throw error
      this.#onConnection(false)
      throw ApplianceProblem.unreachable()
    }
  }

  #headers(method, { tenant, onProgress, version, type }) {
    const headers = { Accept: onProgress ? 'application/x-ndjson, application/json' : 'application/json' }
    if (tenant) headers['X-Tenant-ID'] = tenant
    if (method === 'GET') return headers
    headers['Content-Type'] = type
    if (version !== undefined) headers['If-Match'] = `"${version}"`
    if (this.#csrfToken) headers['X-CSRF-Token'] = this.#csrfToken
    return headers
  }

  async #problem(response, isAnonymous) {
    const body = await response.json().catch(() => ({ title: response.statusText }))
    if (response.status === 401 && !isAnonymous) this.#onSignedOut()
    return new ApplianceProblem({ ...body, status: response.status }, response.headers.get('Retry-After'))
  }
}

// `query` is an object, or pairs where a name may come twice. What has no value is left out.
function address(path, query = {}) {
  const pairs = Array.isArray(query) ? query : Object.entries(query)
  const present = pairs.filter(([, value]) => value !== undefined && value !== null && value !== '')
  return present.length === 0 ? path : `${path}?${new URLSearchParams(present)}`
}

function mediaType(response) {
  return (response.headers.get('Content-Type') ?? '').split(';')[0].trim()
}
