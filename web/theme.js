import { button } from './components/button.js'
import { icon } from './components/icon.js'
import { element } from './dom.js'

const themes = [
  { name: 'system', label: 'System theme', icon: 'contrast' },
  { name: 'light', label: 'Light theme', icon: 'sun' },
  { name: 'dark', label: 'Dark theme', icon: 'moon' },
]

/** A button that goes round system → light → dark and remembers the choice. */
export function themeToggle() {
  const toggle = button({ label: '', quiet: true, onClick: () => show(next(current())) })
  const show = (theme) => {
    apply(theme.name)
    toggle.replaceChildren(icon(theme.icon), element('span', {}, theme.label))
  }
  show(current())
  return toggle
}

function current() {
  const name = document.documentElement.dataset.theme ?? 'system'
  return themes.find((theme) => theme.name === name)
}

function next(theme) {
  return themes[(themes.indexOf(theme) + 1) % themes.length]
}

function apply(name) {
  if (name === 'system') delete document.documentElement.dataset.theme
  else document.documentElement.dataset.theme = name
  try {
    localStorage.setItem('theme', name)
  } catch { /* Storage is switched off: the choice lasts until the page closes. */ }
}
