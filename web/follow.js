import { lines } from './stream.js'

const firstWaitMilliseconds = 1000
const longestWaitMilliseconds = 30_000

/**
 * Calls `onChange()` when something changes in a collection of the shop, until `signal` says that nobody looks any
 * more. Comes back by itself after a lost connection; what was missed meanwhile counts as a change. What cannot be
 * followed at all (no access, too many listeners) is given up: a list that does not refresh itself still works.
 */
export async function follow(shop, collection, onChange, signal) {
  let wait = firstWaitMilliseconds
  let since = null
  while (!signal.aborted) {
    try {
      const response = await shop.stream('/api/events', { query: { collection }, since, signal })
      if (!response.ok) return
      for await (const line of lines(response.body)) {
        wait = firstWaitMilliseconds
        if (line.startsWith('id: ')) since = line.slice('id: '.length)
        if (line.startsWith('event: ')) onChange()
      }
    } catch {
      // The connection is lost, or the page was left.
    }
    await pause(wait, signal)
    wait = Math.min(2 * wait, longestWaitMilliseconds)
  }
}

function pause(milliseconds, signal) {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', resolve, { once: true })
  })
}
