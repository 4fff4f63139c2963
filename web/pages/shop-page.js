import { pageHeader } from '../components/page-header.js'
import { shopTabs } from '../components/shop-tabs.js'
import { loading, problemNotice } from '../components/states.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { actAsForm } from './act-as.js'

/**
 * A page inside a shop: reads the shop and what `load(shop)` adds, then shows the header and the parts that
 * `view({ shop, …loaded })` answers as `{ title, back?, lead?, actions?, parts }`. `title` stands there until then.
 */
export function shopPage({ api, session, shops, params, setTitle }, { title, load, view }) {
  const page = element('div', { class: 'page' }, pageHeader({ title }), loading())
  const read = async () => {
    try {
      const shop = await shops.open(params.slug)
      show(page, shop, view({ shop, ...await load?.(shop) }), setTitle)
    } catch (error) {
      if (error.name === 'AbortError') return
      const problem = ApplianceProblem.from(error)
      page.replaceChildren(page.firstChild, problem.code === 'act_as_required'
        ? actAsForm({ api, slug: params.slug, email: session.user.email, onStarted: read })
        : problemNotice(problem, { reload: read }))
    }
  }
  read()
  return page
}

function show(page, shop, { parts, actions = [], ...words }, setTitle) {
  const hadFocus = page.contains(document.activeElement)
  setTitle(words.title)
  const header = pageHeader({ ...words, actions: actions.filter(Boolean) })
  page.replaceChildren(...[shop.isActing && shopTabs(shop), header, ...parts].filter(Boolean))
  if (hadFocus && !page.contains(document.activeElement)) header.querySelector('h1').focus({ preventScroll: true })
}
