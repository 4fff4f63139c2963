const secondsPerMinute = 60
const secondsPerHour = 3_600
const secondsPerDay = 86_400

const localFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })
const exactFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'short' })
const dayFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium' })
const relativeFormat = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' })
const countFormat = new Intl.NumberFormat()

/** The reader's own time zone: “Nov 21, 2026, 7:30 AM”. */
export const localTime = (iso) => localFormat.format(new Date(iso))
export const exactTime = (iso) => exactFormat.format(new Date(iso))
export const localClock = (iso) => clockFormat.format(new Date(iso))
export const localDay = (iso) => dayFormat.format(new Date(iso))

/** The server's time, as its logs and file names have it: “2026-11-21 02:00:00 UTC”. */
export const utcTime = (iso) => `${new Date(iso).toISOString().slice(0, 19).replace('T', ' ')} UTC`

export const count = (number) => countFormat.format(number)

/** “1 tenant”, “12 tenants”. */
export const counted = (number, noun, nouns = `${noun}s`) => `${count(number)} ${number === 1 ? noun : nouns}`

/** A ratio between 0 and 1 as a percentage; small ones keep two digits, because 0.02 % errors is not none. */
export function percent(ratio) {
  const value = ratio * 100
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} %`
}

/** Bytes in binary units, three digits. */
export function bytes(number) {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  let value = number
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`
}

/** Seconds as the two largest units that matter: “0.41 s”, “3 min 20 s”, “4 d 3 h”. */
export function duration(seconds) {
  if (seconds < 10) return `${Number(seconds.toFixed(2))} s`
  if (seconds < secondsPerMinute) return `${Math.round(seconds)} s`
  if (seconds < secondsPerHour) return pair(seconds, secondsPerMinute, 'min', 1, 's')
  if (seconds < secondsPerDay) return pair(seconds, secondsPerHour, 'h', secondsPerMinute, 'min')
  return pair(seconds, secondsPerDay, 'd', secondsPerHour, 'h')
}

/** Milliseconds, finer when they are few. */
export function milliseconds(value) {
  if (value >= 1_000) return duration(value / 1_000)
  return `${value >= 10 ? Math.round(value) : Number(value.toFixed(1))} ms`
}

/** “3 hours ago”, “in 5 minutes”, “tomorrow”. */
export function relativeTime(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1_000
  const size = Math.abs(seconds)
  if (size < 45) return seconds <= 0 ? 'just now' : 'in a moment'
  if (size < secondsPerHour) return relativeFormat.format(Math.round(seconds / secondsPerMinute), 'minute')
  if (size < secondsPerDay) return relativeFormat.format(Math.round(seconds / secondsPerHour), 'hour')
  return relativeFormat.format(Math.round(seconds / secondsPerDay), 'day')
}

/** Whole days from now until `iso`, rounded up so the last day still counts; 0 when it has passed. */
export function daysUntil(iso, now = Date.now()) {
  return Math.max(0, Math.ceil((new Date(iso).getTime() - now) / 1_000 / secondsPerDay))
}

function pair(seconds, large, largeName, small, smallName) {
  const first = Math.floor(seconds / large)
  const second = Math.floor((seconds % large) / small)
  return second === 0 ? `${first} ${largeName}` : `${first} ${largeName} ${second} ${smallName}`
}
