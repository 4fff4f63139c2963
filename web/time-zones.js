// Browsers still list some zones under a name their place no longer has (ECMA-402 let them keep it until 2024).
const todayNames = {
  'Asia/Calcutta': 'Asia/Kolkata', 'Asia/Katmandu': 'Asia/Kathmandu', 'Asia/Rangoon': 'Asia/Yangon',
  'Asia/Saigon': 'Asia/Ho_Chi_Minh', 'Europe/Kiev': 'Europe/Kyiv',
  'America/Buenos_Aires': 'America/Argentina/Buenos_Aires', 'Atlantic/Faeroe': 'Atlantic/Faroe',
  'America/Godthab': 'America/Nuuk',
}

const named = (name) => todayNames[name] ?? name

/** The time zone of this browser. */
export function ownTimeZone() {
  return named(Intl.DateTimeFormat().resolvedOptions().timeZone)
}

/** Every IANA time zone: UTC, the browser's own, then the rest by name. */
export function timeZones() {
  return [...new Set(['UTC', ownTimeZone(), ...Intl.supportedValuesOf('timeZone').map(named).sort()])]
}
