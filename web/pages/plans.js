import { badge } from '../components/badge.js'
import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { count, counted } from '../format.js'
import { featureNames, limitText, priceText, setLimits } from '../plans.js'
import { openPlanForm } from './plan-form.js'

/** The plan catalogue: what each plan opens, bounds and costs, and how many shops have it. */
export function plansPage({ api, signal }) {
  const edit = (plan) => openPlanForm({ api, plan, onDone: () => place.reload() })
  const place = loadInto({
    load: () => api.get('/api/admin/plans', { signal }),
    view: ({ items }) => table({ caption: 'Plans', items, columns: columns(edit) }),
  })
  return element('div', { class: 'page' },
    pageHeader({ title: 'Plans',
      lead: 'A change makes a new version. Shops keep the version they have until they are moved to it.',
      actions: [buttonLink({ label: 'Feature flags', icon: 'filter', href: '#/flags' }),
        button({ label: 'New plan…', icon: 'plus', primary: true, onClick: () => edit(null) })] }),
    place.element, cliLine(commands.planList()))
}

function columns(edit) {
  return [
    { title: 'Plan', main: true, cell: (plan) => [
      plan.title, element('span', { class: 'sub' }, `${plan.name}, version ${plan.version}`)] },
    { title: 'Price', cell: ({ prices }) => (prices.length === 0 ? 'not sold' : prices.map(priceText).join(', ')) },
    { title: 'Limits', cell: ({ limits }) => list(setLimits(limits).map(([name, value]) => limitText(name, value)),
      'none') },
    { title: 'Opens', cell: ({ features }) => (
      list(features.map((name) => featureNames[name] ?? name), 'nothing more')) },
    { title: 'Offered', minor: true, cell: ({ isOffered }) => (isOffered ? badge('offered', 'good') : badge('no')) },
    { title: 'Tenants', cell: shops },
    { title: 'Actions', cell: (plan) => {
      const node = button({ label: 'Change…', small: true, onClick: () => edit(plan) })
      node.setAttribute('aria-label', `Change ${plan.title}`)
      return node
    } },
  ]
}

function list(words, none) {
  return words.length === 0 ? element('span', { class: 'muted' }, none)
    : element('ul', { class: 'plain-list' }, words.map((word) => element('li', {}, word)))
}

function shops({ version, shops: versions }) {
  const total = versions.reduce((sum, one) => sum + one.count, 0)
  const behind = versions.filter((one) => one.version !== version).reduce((sum, one) => sum + one.count, 0)
  return [count(total),
    behind > 0 && element('span', { class: 'sub' }, `${counted(behind, 'tenant')} on older versions`)]
}
