import { element } from '../dom.js'
import { button } from './button.js'
import { announce } from './toast.js'

/** The command line that does the same as what is on the screen, ready to copy. */
export function cliLine(command) {
  const { code, copy } = copyable('command')
  const line = element('div', { class: 'cli' },
    element('span', { class: 'cli-prompt', 'aria-hidden': 'true' }, '$'), code, copy)
  line.update = (text) => code.replaceChildren(...words(text))
  line.update(command)
  return line
}

/** A text to copy that is no command, such as a “link” or a “key”. */
export function copyLine(text, noun) {
  const { code, copy } = copyable(noun)
  code.textContent = text
  return element('div', { class: 'cli' }, code, copy)
}

function copyable(noun) {
  const code = element('code')
  const onClick = () => copyText(code, copy, titled(noun))
  const copy = button({ label: 'Copy', icon: 'copy', quiet: true, small: true, onClick })
  copy.setAttribute('aria-label', `Copy the ${noun}`)
  return { code, copy }
}

const titled = (noun) => noun[0].toUpperCase() + noun.slice(1)

// A line may break between words, but not inside “--dry-run”.
function words(text) {
  return text.split(' ').flatMap((word, index) => [index > 0 ? ' ' : '', element('span', {}, word)])
}

async function copyText(code, copy, noun) {
  try {
    await navigator.clipboard.writeText(code.textContent)
    copy.lastChild.textContent = 'Copied'
    announce(`${noun} copied`)
  } catch {
    // Browsers give the clipboard to secure pages only: over plain HTTP, select the line for Ctrl+C.
    getSelection().selectAllChildren(code)
    copy.lastChild.textContent = 'Selected'
    announce(`${noun} selected`)
  }
  setTimeout(() => { copy.lastChild.textContent = 'Copy' }, 2_000)
}
