import { facts } from '../components/page-header.js'
import { badge } from '../components/badge.js'
import { table } from '../components/table.js'
import { second, time } from '../components/time.js'
import { element } from '../dom.js'
import { bytes, counted, duration } from '../format.js'

const planColumns = [
  { title: 'Tenant', main: true, cell: (tenant) => [tenant.name, element('span', { class: 'sub' }, tenant.slug)] },
  { title: 'Brought back', align: 'end', cell: (tenant) => bytes(tenant.bytes) },
  { title: 'Live now', align: 'end', cell: liveNow },
]

const resultColumns = [
  { title: 'Tenant', main: true, cell: (one) => one.tenant },
  { title: 'Went back to', cell: (one) => second(one.at) },
  { title: 'Took', align: 'end', cell: (one) => duration(one.seconds) },
  { title: 'Undo kept at', cell: (one) => element('code', {}, one.undo ?? '–') },
]

/** What a restore would do. Nothing has happened yet. */
export function planView({ undo, as, source, at, range, bytes: size, expectedSeconds, behindSeconds, tenants, retired = [],
  notes = [], steps }) {
  const head = undo ? 'This brings back what was there before. ' : `This goes back ${duration(behindSeconds)}. `
  const aside = as ? 'The tenant stays as it is; nothing is replaced.'
    : 'What was written since then is kept aside as an undo copy for seven days, not merged.'
  return element('div', { class: 'stack' },
    element('div', { class: 'notice notice-warn' }, element('p', {}, element('strong', {}, head),
      aside)),
    facts([
      ['From', source],
      ['State of', second(at)],
      ['Known from', range ? time(range.from) : null],
      ['Restores', as ? `as ${as}` : counted(tenants.length, 'tenant')],
      ['Size', bytes(size)],
      ['Expected to take', duration(expectedSeconds)],
      ['Moves aside', retired.length > 0 ? `${counted(retired.length, 'tenant')} made since` : null],
    ]),
    notes.length > 0 && element('ul', { class: 'issues' }, notes.map((note) => (
      element('li', { class: 'issue tone-warn' }, note)))),
    element('div', { class: 'plan-tenants' },
      table({ caption: 'Tenants in the plan', columns: planColumns, items: tenants })),
    element('ol', { class: 'plan-steps' }, steps.map((step) => element('li', {}, step))))
}

/** What a restore did. */
export function resultView({ restored }) {
  return element('div', { class: 'stack' },
    element('p', { class: 'result' }, badge('restored', 'good', 'check'),
      ` ${counted(restored.length, 'tenant')} restored and checked.`),
    table({ caption: 'Restored', columns: resultColumns, items: restored }))
}

// A tenant that was deleted since the snapshot has no live file.
function liveNow({ live }) {
  if (!live) return '–'
  return live.bytes ? `${bytes(live.bytes)}, ${live.state}` : live.state
}
