/** “#/tenants/acme?tab=files” → { path: '/tenants/acme', query: URLSearchParams }. Anything else is the home route. */
export function readHash(hash) {
  const text = hash.startsWith('#/') ? hash.slice(1) : '/'
  const mark = text.indexOf('?')
  if (mark < 0) return { path: text, query: new URLSearchParams() }
  return { path: text.slice(0, mark), query: new URLSearchParams(text.slice(mark + 1)) }
}

/** The first route whose path fits, with its parameters, or null. */
export function findRoute(routes, path) {
  for (const route of routes) {
    const params = matchPath(route.path, path)
    if (params) return { route, params }
  }
  return null
}

/**
 * Writes filters, an object or pairs, into the address without a navigation, so that reload and the back button keep
 * them.
 */
export function rememberQuery(path, values) {
  const present = (Array.isArray(values) ? values : Object.entries(values)).filter(([, value]) => value)
  const query = new URLSearchParams(present).toString()
  history.replaceState(null, '', query ? `#${path}?${query}` : `#${path}`)
}

function matchPath(pattern, path) {
  const expected = pattern.split('/')
  const actual = path.split('/')
  if (expected.length !== actual.length) return null
  const params = {}
  for (const [index, part] of expected.entries()) {
    if (part.startsWith(':') && actual[index] !== '') params[part.slice(1)] = decode(actual[index])
    else if (part !== actual[index]) return null
  }
  return params
}

function decode(part) {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}
