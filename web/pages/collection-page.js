import { pageHeader } from '../components/page-header.js'
import { problemNotice, loading } from '../components/states.js'
import { shopTabs } from '../components/shop-tabs.js'
import { titled } from '../collections.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

/**
 * A page about one collection of a shop: reads the shop, then draws `title(given)`, `actions(given)` and `view(given)`,
 * where `given` is `{ shop, collection }` and what `load(given)` adds. `back(given)` says where one came from.
 */
export function collectionPage({ shops, params, setTitle }, { title, back, actions, load, view }) {
  const page = element('div', { class: 'page' }, pageHeader({ title: titled(params.collection) }), loading())
  const read = async () => {
    try {
      const shop = await shops.open(params.slug)
      const given = { shop, collection: named(shop, params.collection) }
      const more = await load?.(given)
      show(page, { ...given, ...more }, { title, back, actions, view, setTitle })
    } catch (error) {
      if (error.name === 'AbortError') return
      page.replaceChildren(page.firstChild, problemNotice(ApplianceProblem.from(error), { reload: read }))
    }
  }
  read()
  return page
}

function show(page, given, { title, back, actions, view, setTitle }) {
  const { shop } = given
  const words = title(given)
  const hadFocus = page.contains(document.activeElement)
  setTitle(words)
  const header = pageHeader({ title: words, back: back?.(given), actions: (actions?.(given) ?? []).filter(Boolean) })
  const drawn = view(given)
  page.replaceChildren(...[shop.isActing && shopTabs(shop), header, drawn].filter(Boolean))
  if (hadFocus && !page.contains(document.activeElement)) header.querySelector('h1').focus({ preventScroll: true })
}

function named(shop, name) {
  const found = shop.collection(name)
  if (found) return found
  throw new ApplianceProblem({ title: 'Not found', status: 404, detail: `There is no collection “${name}” here.` })
}
