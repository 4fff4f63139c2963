// Browsers round some currencies more than ISO 4217 does (IQD to whole dinars), so these are the server's own lists.
const withoutDecimals = new Set(['BIF', 'CLP', 'DJF', 'GNF', 'ISK', 'JPY', 'KMF', 'KRW', 'PYG', 'RWF', 'UGX', 'VND',
  'VUV', 'XAF', 'XOF', 'XPF'])
const threeDecimals = new Set(['BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'])

/** Digits behind the point of the major unit: 2 for INR, 0 for JPY. */
export function decimalsOf(currency) {
  if (withoutDecimals.has(currency)) return 0
  return threeDecimals.has(currency) ? 3 : 2
}

/** Minor units as people write them: 1177 in USD is “$11.77”. A code that is no currency stands behind the number. */
export function money(amount, currency) {
  const digits = decimalsOf(currency)
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits }
  try {
    return new Intl.NumberFormat(undefined, { ...options, style: 'currency', currency }).format(amount / 10 ** digits)
  } catch {
    return `${new Intl.NumberFormat(undefined, options).format(amount / 10 ** digits)} ${currency}`
  }
}

/** Minor units as text for an input: 1177 in USD is “11.77”. Exact, because no division happens. */
export function majorText(amount, currency) {
  const digits = decimalsOf(currency)
  const sign = amount < 0 ? '-' : ''
  const text = String(Math.abs(amount)).padStart(digits + 1, '0')
  return digits === 0 ? sign + text : `${sign}${text.slice(0, -digits)}.${text.slice(-digits)}`
}

/** “1,177.5” in USD as 117750. Null for what is no amount in that currency, such as three decimals of a dollar. */
export function minorFrom(text, currency) {
  const digits = decimalsOf(currency)
  const parts = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text.replace(/[\s,]/g, ''))
  if (!parts || (parts[3] ?? '').length > digits) return null
  const amount = Number(parts[2] + (parts[3] ?? '').padEnd(digits, '0'))
  if (!Number.isSafeInteger(amount)) return null
  return parts[1] && amount > 0 ? -amount : amount
}
