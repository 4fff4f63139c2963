import { element } from '../dom.js'
import { button } from './button.js'
import { icon } from './icon.js'
import { announce } from './toast.js'

const retrySeconds = 5

/**
 * A bar across the page while the server does not answer. It asks again every few seconds and on a click;
 * `isBack()` resolves once the server answers, `onBack()` then shows the page afresh.
 */
export function connectionBanner({ isBack, onBack }) {
  let timer = null
  const retry = async () => {
    try {
      await isBack()
      announce('Connected again')
      onBack()
    } catch { /* Still away: the timer asks again. */ }
  }
  const bar = element('div', { class: 'connection-banner', role: 'alert', hidden: true }, icon('warn'),
    element('span', {}, `The server does not answer. Trying again every ${retrySeconds} seconds.`),
    button({ label: 'Try now', small: true, onClick: retry }))
  return {
    element: bar,
    show(isAway) {
      bar.hidden = !isAway
      if (isAway && timer === null) timer = setInterval(retry, retrySeconds * 1_000)
      if (!isAway) timer = clearInterval(timer) ?? null
    },
  }
}
