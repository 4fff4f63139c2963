import { element } from '../dom.js'
import { exactTime, localTime, relativeTime, utcTime } from '../format.js'

/** A moment in the reader's time zone; the server's UTC is in the title. Null is a dash. */
export function time(iso, empty = '–') {
  return iso ? stamp(iso, localTime(iso), utcTime(iso)) : empty
}

/** The same to the second, where that is what matters. */
export function second(iso, empty = '–') {
  return iso ? stamp(iso, exactTime(iso), utcTime(iso)) : empty
}

/** A moment as distance from now, with both exact times in the title. */
export function ago(iso, empty = '–') {
  return iso ? stamp(iso, relativeTime(iso), `${localTime(iso)} · ${utcTime(iso)}`) : empty
}

function stamp(iso, text, title) {
  return element('time', { datetime: iso, title }, text)
}
