import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'
import { button } from './button.js'
import { ago } from './time.js'

const tones = { ending: 'warn', past_due: 'warn', suspended: 'bad', cancelled: 'bad' }
const refreshSeconds = 60

/** What a shop's people should know on every page: how the shop stands, who acts in it, and terms to accept. */
export function shopNotices({ api }) {
  const place = element('div', { class: 'stack', role: 'region', 'aria-label': 'Notices' })
  const reload = async () => {
    try {
      const shop = await api.get('/api/shop')
      place.replaceChildren(...[stateNotice(shop.notice), ...shop.supporters.map(supporterNotice),
        shop.termsDue.length > 0 && termsNotice(api, shop, reload)].filter(Boolean))
    } catch (error) {
      // Notices are no reason to trouble anybody: the page itself says what is wrong.
      if (ApplianceProblem.from(error).status === 401) clearInterval(timer)
    }
  }
  const timer = setInterval(() => (place.isConnected ? reload() : clearInterval(timer)), refreshSeconds * 1_000)
  reload()
  return place
}

function stateNotice(notice) {
  return notice && element('div', { class: `notice notice-${tones[notice.kind] ?? 'warn'} shop-notice` },
    element('p', {}, notice.text, notice.reason && ` Reason: ${notice.reason}.`))
}

function supporterNotice({ operator, reason, until, isWritable }) {
  return element('div', { class: 'notice notice-warn shop-notice' }, element('p', {},
    element('strong', {}, `${operator} is in your shop`), ` and may ${isWritable ? 'change records' : 'look'}: `,
    reason, '. It ends ', ago(until), '.'))
}

function termsNotice(api, shop, onDone) {
  const links = shop.termsDue.map(({ kind }, index) => [index > 0 && ' and ', element('a', { href: `/${kind}`,
    target: '_blank', rel: 'noopener' }, kind === 'terms' ? 'terms' : 'privacy policy')])
  return element('div', { class: 'notice notice-warn shop-notice' },
    element('p', {}, 'There are new ', links, '. '), button({ label: 'Accept', small: true, onClick: async () => {
      await api.post('/api/legal/accept', { termsVersion: shop.termsVersion })
      onDone()
    } }))
}
