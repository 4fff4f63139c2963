import { element } from '../dom.js'
import { count } from '../format.js'
import { announce } from './toast.js'

/** A bar for long work. Until the total is known it only shows that something is going on. */
export function progressBar(label) {
  const bar = element('progress', { class: 'progress', 'aria-label': label })
  const text = element('p', { class: 'progress-text' }, 'Starting…')
  let lastStep = null
  return {
    element: element('div', { class: 'progress-block' }, bar, text),
    update({ step, done, total, detail }) {
      if (total > 0) {
        bar.max = total
        bar.value = done
      }
      text.textContent = describe({ step, done, total, detail })
      // Each step is read out once; reading every item would never stop talking.
      if (step !== lastStep) announce(`${label}: ${step}`)
      lastStep = step
    },
  }
}

function describe({ step, done, total, detail }) {
  const numbers = total > 0 ? `${count(done)} of ${count(total)}` : null
  return [capitalised(step), numbers, detail].filter(Boolean).join(' · ')
}

function capitalised(text) {
  return text ? text[0].toUpperCase() + text.slice(1) : ''
}
