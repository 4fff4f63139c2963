import { button } from '../components/button.js'
import { field as labelled } from '../components/field.js'
import { announce } from '../components/toast.js'
import { element, uniqueID } from '../dom.js'
import { bytes } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { fileView } from './file-view.js'

/**
 * Chooses a file and uploads it at once, with its progress; the value is the file’s id. What is saved later only names
 * it, so a form that is refused for another reason does not upload twice.
 */
export function fileField({ shop, field, value, name, label, hint, required }) {
  const chooser = new Chooser({ shop, field, value, name })
  return {
    ...labelled({ name, label, hint: hint ?? hintFor(field), required, input: chooser.input,
      control: chooser.element, value: () => chooser.value }),
    fault: () => chooser.fault(),
  }
}

const hintFor = ({ accept }) => (accept.length > 0 ? `Accepted: ${accept.join(', ')}.` : null)

class Chooser {
  #shop
  #id
  #upload = null
  #problem = null
  #place = element('div', { class: 'file-place' })

  constructor({ shop, field, value, name }) {
    this.#shop = shop
    this.#id = value
    this.input = element('input', { id: uniqueID(name), name, type: 'file', class: 'input',
      accept: field.accept.join(','), onChange: () => this.#choose(this.input.files[0]) })
    this.element = element('div', { class: 'file-field' }, this.#place, this.input)
    this.#show()
  }

  get value() {
    return this.#id
  }

  fault() {
    return this.#upload ? 'Wait until the upload has finished.' : this.#problem
  }

  async #choose(file) {
    if (!file) return
    this.#upload?.abort()
    const upload = new AbortController()
    const bar = element('progress', { class: 'progress', 'aria-label': `Uploading ${file.name}`, max: file.size })
    const text = element('p', { class: 'progress-text' }, `Uploading ${file.name}`)
    this.#upload = upload
    this.#problem = null
    this.#place.replaceChildren(element('div', { class: 'progress-block' }, bar, text))
    const onProgress = (done) => {
      bar.value = done
      text.textContent = `${bytes(done)} of ${bytes(file.size)}`
    }
    try {
      const made = await this.#shop.upload(file, { onProgress, signal: upload.signal })
      if (this.#upload !== upload) return
      this.#id = made.id
      announce(`${made.name} is uploaded`)
    } catch (error) {
      if (this.#upload !== upload) return
      const problem = ApplianceProblem.from(error)
      this.#problem = problem.errors[0]?.message ?? problem.message
    }
    this.#upload = null
    this.input.value = ''
    this.#show()
    this.#changed()
  }

  #show() {
    const notice = this.#problem && element('p', { class: 'field-error', role: 'alert' }, this.#problem)
    const remove = this.#id && button({ label: 'Remove', small: true, quiet: true, onClick: () => this.#remove() })
    this.#place.replaceChildren(...[this.#id && fileView(this.#shop, this.#id), remove, notice].filter(Boolean))
  }

  #remove() {
    this.#id = null
    this.#show()
    this.input.focus()
    this.#changed()
  }

  // For the form around it.
  #changed() {
    this.element.dispatchEvent(new Event('input', { bubbles: true }))
  }
}
