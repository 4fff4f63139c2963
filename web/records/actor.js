import { titled } from '../collections.js'
import { element } from '../dom.js'

/** Who did something, as the audit log names them: “user:usr_01…” is shown by the user's address. */
export function actorText(emails, actor) {
  const [kind, id] = actor.split(':')
  return emails.get(id) ?? (id ? [titled(kind), element('span', { class: 'sub' }, id)] : titled(kind))
}

/** The addresses of a shop's users by their ids. */
export async function userEmails(shop, signal) {
  const { items } = await shop.get('/api/users', { signal })
  return new Map(items.map(({ id, email }) => [id, email]))
}
