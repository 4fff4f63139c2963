import { element } from '../dom.js'
import { button } from './button.js'
import { icon } from './icon.js'
import { announce } from './toast.js'

const retrySeconds = 5

/**
 * A bar across the page while the server does not answer. `retry()` is asked every few seconds and on a click.
 * When the server is back, a `connected` event lets every part that failed load itself again.
 */
export function connectionBanner({ retry }) {
  let timer = null
  const ask = () => retry().catch(() => { /* Still away: the timer asks again. */ })
  const bar = element('div', { class: 'connection-banner', role: 'alert', hidden: true }, icon('warn'),
    element('span', {}, `The server does not answer. Trying again every ${retrySeconds} seconds.`),
    button({ label: 'Try now', small: true, onClick: ask }))
  return {
    element: bar,
    show(isAway) {
      if (isAway !== bar.hidden) return
      bar.hidden = !isAway
      clearInterval(timer)
      if (isAway) {
        timer = setInterval(ask, retrySeconds * 1_000)
      } else {
        announce('Connected again')
        dispatchEvent(new Event('connected'))
      }
    },
  }
}
