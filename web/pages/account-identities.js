import { button } from '../components/button.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { time } from '../components/time.js'
import { toast, toastProblem } from '../components/toast.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

/** Which accounts elsewhere open one's own; nothing where there are none. */
export function identitiesPanel({ api, signal }) {
  const part = loadInto({
    load: () => api.get('/api/auth/identities', { signal }),
    view: ({ items }) => (items.length === 0 ? element('div') : panel({ title: 'Accounts elsewhere that open yours' },
      table({ caption: 'Accounts elsewhere', items, columns: [
        { title: 'Account', main: true, cell: ({ issuer, subject }) => [issuer,
          element('span', { class: 'sub' }, subject)] },
        { title: 'Since', cell: ({ createdAt }) => time(createdAt) },
        { title: 'Last used', cell: ({ usedAt }) => time(usedAt) },
        { title: 'Actions', cell: (identity) => unlinkButton(api, identity, () => part.reload()) }] }))),
  })
  return part.element
}

function unlinkButton(api, { id, issuer }, onDone) {
  const node = button({ label: 'Unlink', small: true, onClick: async () => {
    try {
      await api.delete(`/api/auth/identities/${encodeURIComponent(id)}`)
      toast(`${issuer} is unlinked`)
    } catch (error) {
      toastProblem(ApplianceProblem.from(error))
    }
    onDone()
  } })
  node.setAttribute('aria-label', `Unlink ${issuer}`)
  return node
}
