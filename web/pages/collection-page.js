import { titled } from '../collections.js'
import { ApplianceProblem } from '../problem.js'
import { shopPage } from './shop-page.js'

/**
 * A page about one collection of a shop: draws `title(given)`, `actions(given)` and `view(given)`, where `given` is
 * `{ shop, collection }` and what `load(given)` adds. `back(given)` says where one came from.
 */
export function collectionPage(context, { title, back, actions, load, view }) {
  const name = context.params.collection
  return shopPage(context, {
    title: titled(name),
    load: async (shop) => {
      const collection = named(shop, name)
      return { collection, ...await load?.({ shop, collection }) }
    },
    view: (given) => ({ title: title(given), back: back?.(given), actions: actions?.(given), parts: [view(given)] }),
  })
}

function named(shop, name) {
  const found = shop.collection(name)
  if (found) return found
  throw new ApplianceProblem({ title: 'Not found', status: 404, detail: `There is no collection “${name}” here.` })
}
