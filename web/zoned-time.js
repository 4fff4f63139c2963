const formats = new Map()

/** “2026-11-21T07:30:00” on the clocks of `zone` (an IANA name), as a `datetime-local` input wants it. */
export function wallTime(iso, zone) {
  const part = partsIn(new Date(iso), zone)
  return `${part.year}-${part.month}-${part.day}T${part.hour}:${part.minute}:${part.second}`
}

/**
 * The instant at which the clocks of `zone` show `wall` (“2026-11-21T07:30” with or without seconds), as ISO 8601 in
 * UTC; null for no such date. An hour that is skipped in spring counts on from before, one that comes twice is the
 * first of both.
 */
export function instantFrom(wall, zone) {
  const asUTC = Date.parse(`${wall}Z`)
  if (Number.isNaN(asUTC)) return null
  // The offset before and after the guess: both are right but around a change of clocks.
  const offsets = [asUTC - dayMilliseconds, asUTC + dayMilliseconds].map((moment) => offsetAt(moment, zone))
  const fitting = offsets.map((offset) => asUTC - offset).filter((moment) => moment + offsetAt(moment, zone) === asUTC)
  return new Date(fitting.length > 0 ? Math.min(...fitting) : asUTC - offsets[0]).toISOString()
}

/** A moment on the clocks of `zone`: “21 Nov 2026, 07:30”. */
export function zonedTime(iso, zone) {
  return formatFor(zone, 'shown', { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(iso))
}

const dayMilliseconds = 86_400_000

function offsetAt(moment, zone) {
  const whole = Math.floor(moment / 1_000) * 1_000
  return Date.parse(`${wallTime(whole, zone)}Z`) - whole
}

function partsIn(date, zone) {
  const format = formatFor(zone, 'parts', { year: 'numeric', month: '2-digit', day: '2-digit', hour: '2-digit',
    minute: '2-digit', second: '2-digit', hourCycle: 'h23', calendar: 'iso8601', numberingSystem: 'latn' }, 'en')
  const parts = Object.fromEntries(format.formatToParts(date).map(({ type, value }) => [type, value]))
  return { ...parts, year: parts.year.padStart(4, '0') }
}

// Making a format costs more than using it, and a table uses it hundreds of times.
function formatFor(zone, kind, options, locale) {
  const key = `${kind} ${zone}`
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(locale, { ...options, timeZone: zone }))
  return formats.get(key)
}
