import { badge } from '../components/badge.js'
import { panel } from '../components/page-header.js'
import { table } from '../components/table.js'
import { element } from '../dom.js'
import { icon } from '../components/icon.js'

/** The roles of a shop from most to least, as the server applies them to collections that declare none of their own. */
export const roles = [
  { name: 'owner', reads: true, writes: true, deletes: true, people: 'everyone' },
  { name: 'admin', reads: true, writes: true, deletes: true, people: 'all but owners' },
  { name: 'staff', reads: true, writes: true },
  { name: 'viewer', reads: true },
]

/** What each role may do, as a matrix. */
export function rolesPanel() {
  return panel({ title: 'What each role may do' }, table({ caption: 'What each role may do', items: roles, columns: [
    { title: 'Role', main: true, cell: ({ name }) => badge(name, name === 'owner' ? 'accent' : 'plain') },
    { title: 'Read records', cell: ({ reads }) => mark(reads) },
    { title: 'Create and change', cell: ({ writes }) => mark(writes) },
    { title: 'Delete', cell: ({ deletes }) => mark(deletes) },
    { title: 'Manage users', cell: ({ people }) => (people ? [mark(true), ` ${people}`] : mark(false)) },
  ] }))
}

function mark(isAllowed) {
  return isAllowed ? element('span', { class: 'allowed' }, icon('check'), element('span', { class: 'visually-hidden' },
    'yes')) : element('span', { class: 'muted' }, 'no')
}
