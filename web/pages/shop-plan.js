import { badge } from '../components/badge.js'
import { chart } from '../components/chart.js'
import { cliLine } from '../components/cli-line.js'
import { shareMeter } from '../components/meter.js'
import { facts, panel } from '../components/page-header.js'
import { table } from '../components/table.js'
import { time } from '../components/time.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { count, localDay } from '../format.js'
import { money } from '../money.js'
import { featureNames, limitNames, limitValue, priceText } from '../plans.js'
import { shopPage } from './shop-page.js'

/** A shop's plan: what it opens and bounds, how much of it is used, on which days and by what. */
export function shopPlanPage(context) {
  const { signal } = context
  return shopPage(context, {
    title: 'Plan and usage',
    load: async (shop) => ({
      subscription: await shop.get('/api/subscription', { signal }),
      usage: shop.managesUsers ? await shop.get('/api/usage', { signal }) : null,
    }),
    view: ({ shop, subscription, usage }) => ({
      title: 'Plan and usage',
      parts: [planPanel(subscription), ...(usage ? usageParts(usage) : [limitPanel(subscription.limits)]),
        usage && cliLine(commands.usageShow(shop))].filter(Boolean),
    }),
  })
}

function planPanel({ plan, period, renewsAt, trialEndsAt, status }) {
  return panel({ title: 'Plan' }, facts([
    ['Plan', [plan.title, ' ', badge(`version ${plan.version}`)]],
    ['Price', plan.prices.length === 0 ? 'not sold' : plan.prices.map(priceText).join(', ')],
    ['Opens', plan.features.map((name) => featureNames[name] ?? name).join(', ') || 'nothing more'],
    ['Agents', plan.agents ? plan.agents.join(', ') : 'all'],
    ['Support', plan.support],
    ['Trial ends', status === 'trialing' && trialEndsAt ? time(trialEndsAt) : null],
    ['Period', `${localDay(period.start)} – ${localDay(period.end)}`],
    ['Renews', renewsAt && time(renewsAt)],
  ]))
}

// For those who may see the plan and not what everybody does.
function limitPanel(limits) {
  return panel({ title: 'Limits' }, table({ caption: 'Limits', items: limits.filter((line) => line.allowed !== null),
    columns: [
      { title: 'Limit', main: true, cell: ({ limit }) => limitNames[limit] ?? limit },
      { title: 'Allowed', align: 'end', cell: ({ limit, allowed }) => limitValue(limit, allowed) },
      { title: 'Used', align: 'end', cell: ({ limit, used }) => (used === null ? '–' : limitValue(limit, used)) },
    ] }))
}

/** The limits and how much of each is used; each meter by day, and by what and by whom. */
export function usageParts({ meters, standing, from, to }) {
  const lines = [...standing.map(({ limit, allowed, used }) => ({ name: limit, limit: allowed, used })),
    ...meters.map(({ meter, limit, used, resetsAt }) => ({ name: meter, limit, used, resetsAt }))]
  return [
    panel({ title: 'Share of the limits' }, table({ caption: 'Share of the limits', items: lines, columns: [
      { title: 'Limit', main: true, cell: ({ name }) => limitNames[name] ?? name },
      { title: 'Used', align: 'end', cell: ({ name, used }) => limitValue(name, used) },
      { title: 'Of', align: 'end', cell: ({ name, limit }) => limitValue(name, limit) },
      { title: 'Share', cell: ({ limit, used }) => (limit === null ? '–' : shareMeter(used, limit)) },
      { title: 'Begins anew', cell: ({ resetsAt }) => time(resetsAt) },
    ] })),
    ...meters.filter(({ days }) => days.length > 0).map((meter) => meterPanel(meter, from, to)),
  ]
}

function meterPanel({ meter, days, subjects, actors, cost }, from, to) {
  const name = (limitNames[meter] ?? meter).replace(' a month', '')
  const total = days.reduce((sum, day) => sum + day.quantity, 0)
  return panel({ title: name },
    chart({ title: `${name} by day`, shape: 'bars', points: everyDay(days, from, to),
      show: (value) => count(Math.round(value)), latest: `${count(total)} in all`, timeLabels: [localDay(from), localDay(to)] }),
    drillDown('What uses it', subjects, cost), actors.some((line) => line.name !== 'system')
      && drillDown('Who uses it', actors, cost))
}

// Days on which nothing was used are part of the picture.
function everyDay(days, from, to) {
  const known = new Map(days.map(({ name, quantity }) => [name, quantity]))
  const points = []
  const last = new Date(`${to}T00:00:00Z`)
  for (let day = new Date(`${from}T00:00:00Z`); day <= last; day.setUTCDate(day.getUTCDate() + 1)) {
    points.push({ at: day.toISOString(), value: known.get(day.toISOString().slice(0, 10)) ?? 0 })
  }
  return points
}

function drillDown(caption, items, cost) {
  return items.length > 0 && element('div', {}, element('h3', {}, caption), table({ caption, items, columns: [
    { title: caption, main: true, cell: ({ name }) => name || 'other' },
    { title: 'How many', align: 'end', cell: ({ quantity }) => count(quantity) },
    cost > 0 && { title: 'Cost', align: 'end', cell: (line) => money(line.cost, 'USD') },
  ].filter(Boolean) }))
}
