import { badge } from '../components/badge.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { localDay } from '../format.js'
import { usageParts } from './shop-plan.js'

/** What a tenant uses of its plan, for operators: figures of use are theirs to see, records are not. */
export function tenantUsagePage({ api, params, signal }) {
  const slug = params.slug
  const place = loadInto({
    load: () => api.get(`/api/admin/tenants/${encodeURIComponent(slug)}/usage`, { signal }),
    view: ({ plan, period, ...usage }) => element('div', { class: 'stack' },
      panel({ title: 'Plan' }, element('p', {}, plan.title, ' ', badge(`version ${plan.version}`),
        ` from ${localDay(period.start)} to ${localDay(period.end)}`)),
      usageParts(usage)),
  })
  return element('div', { class: 'page' },
    pageHeader({ title: 'Usage', back: { href: `#/tenants/${slug}`, label: slug } }), place.element,
    cliLine(commands.usageShow({ slug, isActing: true })))
}
