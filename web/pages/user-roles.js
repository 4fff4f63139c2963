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

/** What each role may do with which records and fields, and call, as the server applies it; the shop's own too. */
export function rolesPanel({ shop, signal }) {
  const { element: place, reload } = loadInto({
    load: () => shop.get('/api/permissions', { signal }),
    view: ({ collections, own, routes }) => {
      const all = [...roles, ...own]
      return element('div', { class: 'stack' }, matrix(rowsOf(collections), all), peopleTable(all),
        element('details', {}, element('summary', {}, 'Every call and who may make it'), callTable(routes, all)))
    },
  })
  return { element: panel({ title: 'What each role may do' }, place), reload }
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

function matrix(rows, all) {
  return table({ caption: 'What each role may do', items: rows, columns: [
    { title: 'Records of', main: true, cell: ({ title }) => title },
    ...all.map(({ name, title }) => ({ title: title ?? name, cell: (row) => rights(row, name) })),
  ] })
}

function rights({ operations, field }, role) {
  const words = field
    ? [field.read.includes(role) && 'read', field.write.includes(role) && 'set'].filter(Boolean)
    : Object.keys(verbs).filter((verb) => operations[verb]?.[role])
      .map((verb) => (operations[verb][role] === 'own' ? `${verbs[verb]} own` : verbs[verb]))
  return words.length > 0 ? words.join(', ') : element('span', { class: 'muted' }, 'no')
}

function peopleTable(all) {
  return table({ caption: 'Who may manage users', items: all, columns: [
    { title: 'Role', main: true,
      cell: ({ name, title }) => badge(title ?? name, name === 'owner' ? 'accent' : 'plain') },
    { title: 'Manage users, read the audit log', cell: ({ people }) => (people ? [mark(), ` ${people}`]
      : element('span', { class: 'muted' }, 'no')) },
  ] })
}

function callTable(routes, all) {
  return table({ caption: 'Every call and who may make it', items: routes, narrow: 'scroll', columns: [
    { title: 'Call', main: true, cell: ({ method, path, summary }) => [summary,
      element('span', { class: 'sub' }, `${method} ${path}`)] },
    ...all.map(({ name, title }) => ({ title: title ?? name, cell: ({ roles: may }) => (
      may.includes(name) ? mark() : element('span', { class: 'muted' }, 'no')) })),
  ] })
}

function mark() {
  return element('span', { class: 'allowed' }, icon('check'), element('span', { class: 'visually-hidden' }, 'yes'))
}
