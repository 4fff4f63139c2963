import { bytes, count } from './format.js'
import { money } from './money.js'

/** How features are called for people. */
export const featureNames = {
  'api-keys': 'API keys', 'custom-agents': 'Custom agents', priority: 'Priority', sandboxes: 'Sandboxes',
  webhooks: 'Webhooks',
}

/** Every limit a plan may set, with how it is called. */
export const limitNames = {
  tasks: 'Tasks a month', apiCalls: 'API calls a month', users: 'Users', storageBytes: 'Storage',
  ownCollections: 'Own collections', requestsPerMinute: 'API requests a minute',
  userRequestsPerMinute: 'API requests a minute and user',
}

/** The limits that are set, as `[name, number]`. */
export const setLimits = (limits) => Object.entries(limits).filter(([, value]) => value !== null)

/** “Users: 25”. */
export const limitText = (name, value) => `${limitNames[name] ?? name}: ${limitValue(name, value)}`

export function limitValue(name, value) {
  if (value === null || value === undefined) return 'no limit'
  return name === 'storageBytes' ? bytes(value) : count(value)
}

/** “$19.00 a month”. */
export const priceText = ({ amount, currency, interval }) => `${money(amount, currency)} a ${interval}`
