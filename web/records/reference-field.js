import { field as labelled } from '../components/field.js'
import { debounce, element, uniqueID } from '../dom.js'
import { announce } from '../components/toast.js'
import { counted } from '../format.js'
import { labelOf } from './labels.js'

const suggestionsShown = 12
const typingMilliseconds = 150

/**
 * Picks a record of another collection by what people call it: a combobox (WAI-ARIA, list autocomplete) that asks the
 * server as one types. Its value is the id.
 */
export function referenceField({ shop, field, value, name, label, hint, required, ...attributes }) {
  const target = shop.collection(field.target)
  const picker = new Picker(shop, target, value, { name, ...attributes })
  return {
    ...labelled({ name, label, hint: hint ?? (target && `Type to search ${target.title.toLowerCase()}.`), required,
      input: picker.input, control: picker.element, value: () => picker.value }),
    fault: () => picker.fault(),
  }
}

class Picker {
  #shop
  #target
  #chosen
  #options = []
  #active = -1
  #list

  constructor(shop, target, value, { name, maxlength, ...attributes }) {
    this.#shop = shop
    this.#target = target
    this.#chosen = value === null ? null : { id: value, label: value }
    this.#list = element('ul', { class: 'picker-list', id: uniqueID('picker'), role: 'listbox', hidden: true })
    const search = debounce(() => this.#search(), typingMilliseconds)
    this.input = element('input', { ...attributes, id: uniqueID(name), name, class: 'input', type: 'text',
      role: 'combobox', 'aria-autocomplete': 'list', 'aria-expanded': 'false', 'aria-controls': this.#list.id,
      autocomplete: 'off', spellcheck: 'false', value: value ?? '', onInput: search, onFocus: search,
      onKeydown: (event) => this.#key(event), onBlur: () => this.#close() })
    this.#list.setAttribute('aria-label', target?.title ?? name)
    this.element = element('div', { class: 'picker' }, this.input, this.#list)
    if (value !== null && target) this.#nameChosen()
  }

  /** The id of the chosen record; an id typed by hand is taken as it is. */
  get value() {
    const text = this.input.value.trim()
    if (text === '') return null
    return text === this.#chosen?.label ? this.#chosen.id : text
  }

  fault() {
    const isID = /^[a-z]+_[0-9a-z]+$/.test(this.value ?? '')
    return this.value === null || isID ? null : 'Choose one from the list.'
  }

  // The id gives way to the label as soon as that is known, unless someone has begun to type.
  async #nameChosen() {
    const { id } = this.#chosen
    const record = await this.#shop.get(`${this.#target.path}/${encodeURIComponent(id)}`).catch(() => null)
    if (!record || this.input.value !== id) return
    this.#chosen = { id, label: labelOf(this.#target, record) }
    this.input.value = this.#chosen.label
  }

  async #search() {
    if (!this.#target || document.activeElement !== this.input) return
    const text = this.input.value.trim()
    const isFresh = text === '' || text === this.#chosen?.label
    const { items } = await this.#shop.get(this.#target.path, { query: this.#query(isFresh ? '' : text) })
      .catch(() => ({ items: [] }))
    if (document.activeElement === this.input && text === this.input.value.trim()) this.#open(items)
  }

  #query(text) {
    const { titleField, isSearchable } = this.#target
    const found = text && (isSearchable ? { q: text } : { [`${titleField.name}[like]`]: `%${text}%` })
    return { ...found, fields: [...new Set(['id', titleField.name])].join(','), limit: suggestionsShown }
  }

  #open(items) {
    this.#options = items.map((record) => ({ id: record.id, label: labelOf(this.#target, record) }))
    this.#list.replaceChildren(...this.#options.map((option, index) => this.#row(option, index)))
    this.#list.hidden = items.length === 0
    this.input.setAttribute('aria-expanded', String(items.length > 0))
    this.#mark(-1)
    announce(`${counted(items.length, 'suggestion')}`)
  }

  // Pressing the mouse must not take the focus away, or the list would be gone before the click.
  #row(option, index) {
    return element('li', { id: uniqueID('option'), role: 'option', 'aria-selected': 'false', class: 'picker-option',
      onMousedown: (event) => event.preventDefault(), onClick: () => this.#choose(index) },
    element('span', {}, option.label), element('span', { class: 'sub' }, option.id))
  }

  #key(event) {
    if (event.key === 'Escape' && !this.#list.hidden) {
      // Not for a dialog around it.
      event.stopPropagation()
      event.preventDefault()
      this.#close()
    } else if (event.key === 'Enter' && this.#active >= 0) {
      event.preventDefault()
      this.#choose(this.#active)
    } else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault()
      if (this.#list.hidden) this.#search()
      else this.#move(event.key === 'ArrowDown' ? 1 : -1)
    }
  }

  #move(step) {
    const { length } = this.#options
    this.#mark(this.#active < 0 && step < 0 ? length - 1 : (this.#active + step + length) % length)
  }

  #mark(index) {
    this.#active = index
    const rows = [...this.#list.children]
    rows.forEach((row, at) => row.setAttribute('aria-selected', String(at === index)))
    if (index < 0) return this.input.removeAttribute('aria-activedescendant')
    this.input.setAttribute('aria-activedescendant', rows[index].id)
    rows[index].scrollIntoView({ block: 'nearest' })
  }

  #choose(index) {
    this.#chosen = this.#options[index]
    this.input.value = this.#chosen.label
    this.#close()
    // For the form around it; the input itself would take it for typing and search again.
    this.element.dispatchEvent(new Event('input', { bubbles: true }))
  }

  #close() {
    this.#list.hidden = true
    this.input.setAttribute('aria-expanded', 'false')
    this.#mark(-1)
  }
}
