import { element, uniqueID } from '../dom.js'
import { button } from './button.js'

/**
 * Opens a modal dialog and answers its handle: `close()`, `show(...nodes)` to replace what it holds, and
 * `setLocked(true)` while work runs that closing would only hide. The browser gives the focus back on closing.
 */
export function openDialog({ title, wide, content, onClose }) {
  const heading = element('h2', { id: uniqueID('dialog'), tabindex: '-1' }, title)
  const body = element('div', { class: 'dialog-body' })
  const close = button({ icon: 'cross', quiet: true, onClick: () => dialog.close() })
  close.setAttribute('aria-label', 'Close')
  const dialog = element('dialog', { class: wide ? 'dialog dialog-wide' : 'dialog', 'aria-labelledby': heading.id },
    element('div', { class: 'dialog-header' }, heading, close), body)
  dialog.addEventListener('cancel', (event) => { if (close.hidden) event.preventDefault() })
  dialog.addEventListener('close', () => {
    dialog.remove()
    onClose?.()
  })
  const handle = {
    close: () => dialog.close(),
    show: (...nodes) => show(body, nodes, heading),
    setLocked: (isLocked) => { close.hidden = isLocked },
  }
  document.body.append(dialog)
  dialog.showModal()
  handle.show(content(handle))
  return handle
}

/** A button that closes the dialog and does nothing else. */
export function cancelButton(dialog) {
  return button({ label: 'Cancel', quiet: true, onClick: () => dialog.close() })
}

function show(body, nodes, heading) {
  body.replaceChildren(...nodes)
  const first = body.querySelector('[data-focus]') ?? heading
  first.focus()
}
