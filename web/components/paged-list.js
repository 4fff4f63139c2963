import { element } from '../dom.js'
import { counted } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { button, isBusy, setBusy } from './button.js'
import { loading, problemNotice } from './states.js'
import { table } from './table.js'
import { announce } from './toast.js'

/** A list that comes in pages: loading, empty, failed, the rows, and “Load more” at its end. */
export class PagedList {
  #options
  #table = null
  #shown = 0
  #cursor = null
  #total = null
  #generation = 0
  #more = button({ label: 'Load more', onClick: () => this.#loadMore() })
  #count = element('p', { class: 'pager-count' })

  element = element('div', { class: 'list' })

  /** `load(cursor)` answers `{items, nextCursor, total?}`; `empty()` answers what to show when there is nothing. */
  constructor({ load, columns, caption, noun, nouns, empty, narrow }) {
    this.#options = { load, columns, caption, noun, nouns, empty, narrow }
  }

  /** Loads the first page again. An older answer that arrives late is dropped. */
  async reload({ isQuiet = false } = {}) {
    const generation = ++this.#generation
    this.element.setAttribute('aria-busy', 'true')
    if (!isQuiet || this.#shown === 0) this.element.replaceChildren(loading())
    try {
      const page = await this.#options.load(null)
      if (generation === this.#generation) this.#showFirst(page)
    } catch (error) {
      if (generation === this.#generation) this.#showProblem(error)
    } finally {
      if (generation === this.#generation) this.element.removeAttribute('aria-busy')
    }
  }

  #showFirst({ items, nextCursor, total }) {
    this.#total = total ?? null
    this.#shown = items.length
    if (items.length === 0) return this.element.replaceChildren(this.#options.empty())
    const { caption, columns, narrow } = this.#options
    this.#table = table({ caption, columns, items, narrow })
    this.element.replaceChildren(this.#table, element('div', { class: 'pager' }, this.#count, this.#more))
    this.#showPager(nextCursor)
  }

  async #loadMore() {
    if (isBusy(this.#more)) return
    const generation = this.#generation
    setBusy(this.#more, true)
    try {
      const { items, nextCursor } = await this.#options.load(this.#cursor)
      if (generation !== this.#generation) return
      this.#table.append(items)
      this.#shown += items.length
      this.#showPager(nextCursor)
      announce(`${counted(items.length, this.#options.noun, this.#options.nouns)} more`)
    } catch (error) {
      if (!isLeaving(error)) this.element.append(problemNotice(ApplianceProblem.from(error)))
    } finally {
      setBusy(this.#more, false)
    }
  }

  #showPager(nextCursor) {
    this.#cursor = nextCursor
    this.#more.hidden = !nextCursor
    const shown = counted(this.#shown, this.#options.noun, this.#options.nouns)
    this.#count.textContent = this.#total > this.#shown ? `${this.#shown} of ${counted(this.#total,
      this.#options.noun, this.#options.nouns)}` : nextCursor ? `First ${shown}` : shown
  }

  #showProblem(error) {
    if (isLeaving(error)) return
    this.element.replaceChildren(problemNotice(ApplianceProblem.from(error), { reload: () => this.reload() }))
  }
}

// The page was left while its request was on the way.
function isLeaving(error) {
  return error.name === 'AbortError'
}
