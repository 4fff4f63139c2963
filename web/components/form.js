import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { button, isBusy, setBusy } from './button.js'
import { problemNotice } from './states.js'

/**
 * A form of fields. The server checks: its errors are shown at their fields, the first wrong field is focused,
 * and whatever belongs to no field stands above the button. `fieldOfCode` names the field a problem code is about.
 * What a field cannot turn into a value at all, such as “ten” for a number, its own `fault()` says before anything is
 * sent.
 */
export function form({ fields, submitLabel, danger, columns, onSubmit, onChange, cancel, before, fieldOfCode = {} }) {
  const notice = element('div', { class: 'form-notice' })
  const submit = button({ label: submitLabel, primary: !danger, danger, submit: true })
  const values = () => Object.fromEntries(fields.map((field) => [field.name, field.value()]))
  const send = async (event) => {
    event.preventDefault()
    if (isBusy(submit)) return
    clear(fields, notice)
    if (showFaults(fields)) return
    setBusy(submit, true)
    try {
      await onSubmit(values())
    } catch (error) {
      showProblem(ApplianceProblem.from(error), fields, notice, fieldOfCode)
    } finally {
      setBusy(submit, false)
    }
  }
  return element('form', { class: columns ? 'form form-columns' : 'form', novalidate: true, onSubmit: send,
    onInput: () => onChange?.(values()) },
  fields.map((field) => field.element), before, notice,
  element('div', { class: 'form-actions' }, cancel, submit))
}

function clear(fields, notice) {
  fields.forEach((field) => field.showError(null))
  notice.replaceChildren()
}

function showFaults(fields) {
  const faulty = fields.filter((field) => field.fault?.())
  faulty.forEach((field) => field.showError(field.fault()))
  faulty[0]?.focus()
  return faulty.length > 0
}

function showProblem(problem, fields, notice, fieldOfCode) {
  const errors = problem.code in fieldOfCode
    ? [{ field: fieldOfCode[problem.code], message: problem.message }] : problem.errors
  const known = errors.filter((error) => fields.some((field) => field.name === error.field))
  for (const field of fields) {
    const messages = known.filter((error) => error.field === field.name).map((error) => error.message)
    if (messages.length > 0) field.showError(messages.join(' '))
  }
  if (known.length === 0 || known.length < errors.length) notice.replaceChildren(problemNotice(withWait(problem)))
  fields.find((field) => known.some((error) => error.field === field.name))?.focus()
}

function withWait(problem) {
  if (problem.status === 429 && problem.retryAfter && !problem.hint) {
    problem.hint = `Try again in ${problem.retryAfter} seconds.`
  }
  return problem
}
