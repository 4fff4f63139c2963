import { element } from '../dom.js'
import { icon } from './icon.js'

/** A button: `primary` for what a page is for, `danger` for what takes something away, `quiet` for the rest. */
export function button({ label, icon: name, primary, danger, quiet, small, submit, onClick }) {
  const classes = ['button', primary && 'button-primary', danger && 'button-danger', quiet && 'button-quiet',
    small && 'button-small'].filter(Boolean).join(' ')
  return element('button', { class: classes, type: submit ? 'submit' : 'button', onClick },
    name && icon(name), label && element('span', {}, label))
}

/** A link that looks like a button, for what is a navigation and not an action. */
export function buttonLink({ label, icon: name, href, primary }) {
  return element('a', { class: primary ? 'button button-primary' : 'button', href }, name && icon(name), label)
}

/** Says that work is going on. The button stays focusable, so the keyboard does not lose its place. */
export function setBusy(node, isBusy) {
  node.classList.toggle('is-busy', isBusy)
  if (isBusy) node.setAttribute('aria-disabled', 'true')
  else node.removeAttribute('aria-disabled')
}

export const isBusy = (node) => node.getAttribute('aria-disabled') === 'true'
