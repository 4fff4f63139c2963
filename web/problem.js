/** What went wrong, in the server's own words (RFC 9457). Status 0 means that no answer came at all. */
export class ApplianceProblem extends Error {
  constructor({ title, status, detail, code, requestId, errors, hint }, retryAfter = null) {
    super(detail || title || 'Something went wrong.')
    this.name = 'ApplianceProblem'
    this.title = title
    this.status = status
    this.code = code
    this.requestId = requestId
    this.errors = errors ?? []
    this.hint = hint
    this.retryAfter = retryAfter
  }

  get isUnreachable() {
    return this.status === 0
  }

  static unreachable() {
    return new ApplianceProblem({
      title: 'No connection', status: 0, code: 'unreachable',
      detail: 'The server does not answer. It may be restarting, or the network is down.',
    })
  }

  static cutShort() {
    return new ApplianceProblem({
      title: 'Connection lost', status: 0, code: 'cut_short',
      detail: 'The connection ended before the result arrived. The work may still be going on: look at the list.',
    })
  }

  /** A faulty page must not hide behind “server error”, so anything unexpected also reaches the console. */
  static from(error) {
    if (error instanceof ApplianceProblem) return error
    console.error(error)
    return new ApplianceProblem({ title: 'Page error', status: -1, code: 'page_error', detail: String(error) })
  }
}
