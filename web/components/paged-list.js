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
  #pages = 0
  #cursor = null
  #total = null
  #generation = 0
  #more = button({ label: 'Load more', onClick: () => this.#loadMore() })
  #count = element('p', { class: 'pager-count' })
  #countAll = button({ label: 'Count all', quiet: true, small: true, onClick: () => this.#showTotal() })

  element = element('div', { class: 'list' })

  /**
   * `load(cursor)` answers `{items, nextCursor, total?}`; `empty()` answers what to show when there is nothing.
   * `columns` may be a function that is asked before each first page. With `count()` the total, which costs the server
   * a look at every row, is brought on demand.
   */
  constructor({ load, columns, caption, noun, nouns, empty, narrow, count }) {
    this.#options = { load, columns, caption, noun, nouns, empty, narrow, count }
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

  /**
   * Loads the first page again because something has changed, unless that would take someone back to the top who has
   * read on; someone who is at work in the list with the keyboard first finishes.
   */
  refresh() {
    if (this.#pages > 1) return
    if (!this.element.contains(document.activeElement)) return this.reload({ isQuiet: true })
    this.element.addEventListener('focusout', () => setTimeout(() => this.refresh()), { once: true })
  }

  #showFirst({ items, nextCursor, total }) {
    this.#total = total ?? null
    this.#shown = items.length
    this.#pages = 1
    if (items.length === 0) return this.element.replaceChildren(this.#options.empty())
    const { caption, columns, narrow } = this.#options
    this.#table = table({ caption, columns: typeof columns === 'function' ? columns() : columns, items, narrow })
    this.element.replaceChildren(this.#table, element('div', { class: 'pager' },
      element('div', { class: 'pager-counts' }, this.#count, this.#countAll), this.#more))
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
      this.#pages += 1
      this.#showPager(nextCursor)
      announce(`${counted(items.length, this.#options.noun, this.#options.nouns)} more`)
    } catch (error) {
      if (!isLeaving(error)) this.element.append(problemNotice(ApplianceProblem.from(error)))
    } finally {
      setBusy(this.#more, false)
    }
  }

  async #showTotal() {
    if (isBusy(this.#countAll)) return
    const generation = this.#generation
    setBusy(this.#countAll, true)
    try {
      const total = await this.#options.count()
      if (generation !== this.#generation) return
      this.#total = total
      this.#showPager(this.#cursor)
      announce(counted(total, this.#options.noun, this.#options.nouns))
    } catch (error) {
      if (!isLeaving(error)) this.element.append(problemNotice(ApplianceProblem.from(error)))
    } finally {
      setBusy(this.#countAll, false)
    }
  }

  #showPager(nextCursor) {
    this.#cursor = nextCursor
    this.#more.hidden = !nextCursor
    this.#countAll.hidden = !this.#options.count || !nextCursor || this.#total !== null
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
