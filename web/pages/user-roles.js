import { badge } from '../components/badge.js'
import { icon } from '../components/icon.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { element } from '../dom.js'

/** The roles of a shop from most to least. */
export const roles = [
  { name: 'owner', people: 'everyone' },
  { name: 'admin', people: 'all but owners' },
  { name: 'staff' },
  { name: 'viewer' },
]

/** What each role may do with which records and fields, as the server applies it. */
export function rolesPanel({ shop, signal }) {
  const { element: place } = loadInto({
    load: () => shop.get('/api/permissions', { signal }),
    view: ({ collections }) => element('div', { class: 'stack' }, matrix(rowsOf(collections)), peopleTable()),
  })
  return panel({ title: 'What each role may do' }, place)
}

const verbs = { read: 'read', create: 'create', update: 'change', delete: 'delete' }

// Collections in which every role may do the same make one row.
function rowsOf(collections) {
  const rows = []
  for (const { title, operations, fields } of collections) {
    const same = rows.find((row) => row.operations && JSON.stringify(row.operations) === JSON.stringify(operations))
    if (same && fields.length === 0) same.title += `, ${title}`
    else rows.push({ title, operations })
    rows.push(...fields.map((field) => ({ title: `${title}: ${field.title.toLowerCase()}`, field })))
  }
  return rows
}

function matrix(rows) {
  return table({ caption: 'What each role may do', items: rows, columns: [
    { title: 'Records of', main: true, cell: ({ title }) => title },
    ...roles.map(({ name }) => ({ title: name, cell: (row) => rights(row, name) })),
  ] })
}

function rights({ operations, field }, role) {
  const words = field
    ? [field.read.includes(role) && 'read', field.write.includes(role) && 'set'].filter(Boolean)
    : Object.keys(verbs).filter((verb) => operations[verb]?.[role])
      .map((verb) => (operations[verb][role] === 'own' ? `${verbs[verb]} own` : verbs[verb]))
  return words.length > 0 ? words.join(', ') : element('span', { class: 'muted' }, 'no')
}

function peopleTable() {
  return table({ caption: 'Who may manage users', items: roles, columns: [
    { title: 'Role', main: true, cell: ({ name }) => badge(name, name === 'owner' ? 'accent' : 'plain') },
    { title: 'Manage users, read the audit log', cell: ({ people }) => (people ? [mark(), ` ${people}`]
      : element('span', { class: 'muted' }, 'no')) },
  ] })
}

function mark() {
  return element('span', { class: 'allowed' }, icon('check'), element('span', { class: 'visually-hidden' }, 'yes'))
}
