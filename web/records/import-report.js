import { badge } from '../components/badge.js'
import { icon } from '../components/icon.js'
import { facts } from '../components/page-header.js'
import { table } from '../components/table.js'
import { element } from '../dom.js'
import { count, counted } from '../format.js'

/** What an import did. */
export function reportView({ rows, created, updated, unchanged, ignoredColumns = [] }) {
  return element('div', { class: 'stack' },
    element('p', { class: 'result' }, badge('imported', 'good', 'check'), ` ${counted(rows, 'row')} taken in.`),
    facts([
      ['New records', count(created)],
      ['Changed', count(updated)],
      ['Unchanged', count(unchanged)],
      ['Columns left out', ignoredColumns.length > 0 ? ignoredColumns.join(', ') : null],
    ]))
}

const faultColumns = [
  { title: 'Line', align: 'end', cell: ({ line }) => (line === undefined || line === null ? '–' : count(line)) },
  { title: 'Column', main: true, cell: ({ field }) => field || 'the whole line' },
  { title: 'What is wrong', cell: ({ message }) => message },
]

/** Why nothing was imported: each fault with its line, so that the file can be mended. */
export function faultsView(problem) {
  return element('div', { class: 'stack' },
    element('div', { class: 'notice notice-bad', role: 'alert' }, icon('warn'), element('div', {},
      element('p', {}, element('strong', {}, `${counted(problem.errors.length, 'fault')} in the file. `),
        'An import is all or nothing, so no record was made or changed.'))),
    table({ caption: 'Faults by line', columns: faultColumns, items: problem.errors }))
}
