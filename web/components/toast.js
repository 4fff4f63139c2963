import { element } from '../dom.js'
import { button } from './button.js'
import { icon } from './icon.js'

const shownMilliseconds = 6_000

/** Reads a sentence out to a screen reader without moving the focus. */
export function announce(text) {
  const region = document.querySelector('#announcements')
  // The same text twice in a row would not be read again.
  region.textContent = region.textContent === text ? `${text} ` : text
}

/** Says that something was done: seen in a corner for some seconds, and read out. */
export function toast(text) {
  announce(text)
  const note = element('div', { class: 'toast', 'aria-hidden': 'true' }, icon('check'), element('span', {}, text))
  show(note)
}

/** Says that something failed. It stays until it is closed, because nobody reads an error in six seconds. */
export function toastProblem(problem) {
  const note = element('div', { class: 'toast toast-bad', role: 'alert' }, icon('warn'),
    element('span', {}, problem.message),
    button({ label: 'Close', quiet: true, small: true, onClick: () => note.remove() }))
  show(note, Infinity)
}

function show(note, milliseconds = shownMilliseconds) {
  document.querySelector('#toasts').append(note)
  if (milliseconds < Infinity) setTimeout(() => note.remove(), milliseconds)
}
