import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { button } from './button.js'
import { cliLine } from './cli-line.js'
import { cancelButton, openDialog } from './dialog.js'
import { progressBar } from './progress.js'
import { problemNotice } from './states.js'
import { announce } from './toast.js'

/** A dialog for long work: what it will do and its command line, then progress, then the result. */
export function openWorkDialog({ title, intro, command, startLabel, run, result, onDone }) {
  const start = (dialog) => runIn(dialog, { title, run, result, onDone, retry: () => start(dialog) })
  openDialog({ title, content: (dialog) => element('div', { class: 'stack' },
    element('p', {}, intro), cliLine(command),
    element('div', { class: 'form-actions' }, cancelButton(dialog),
      button({ label: startLabel, primary: true, onClick: () => start(dialog) }))) })
}

/**
 * Runs `run(onProgress)` inside an open dialog and shows what `result(value)` makes of its answer; with `closes: false`
 * that is a step of its own, with buttons of its own.
 */
export async function runIn(dialog, { title, run, result, onDone, retry, closes = true }) {
  const bar = progressBar(title)
  dialog.show(bar.element)
  dialog.setLocked(true)
  try {
    const value = await run(bar.update)
    dialog.show(element('div', { class: 'stack' }, result(value), closes && closing(dialog)))
    if (closes) announce(`${title}: done`)
    onDone?.(value)
  } catch (error) {
    const notice = problemNotice(ApplianceProblem.from(error), { retry })
    dialog.show(element('div', { class: 'stack' }, notice, closing(dialog)))
  } finally {
    dialog.setLocked(false)
  }
}

function closing(dialog) {
  return element('div', { class: 'form-actions' }, button({ label: 'Close', primary: true, onClick: dialog.close }))
}
