import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { loading, problemNotice } from './states.js'

/**
 * A place that shows what `load()` brings, as `view(value)` draws it; bars while it is on its way, a notice with
 * “Try again” when it fails. `reload()` keeps what is there until the new answer has come.
 */
export function loadInto({ load, view }) {
  const place = element('div', { class: 'loaded' }, loading())
  const reload = async () => {
    try {
      place.replaceChildren(view(await load()))
    } catch (error) {
      if (error.name !== 'AbortError') place.replaceChildren(problemNotice(ApplianceProblem.from(error), { reload }))
    }
  }
  reload()
  return { element: place, reload }
}
