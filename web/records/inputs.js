import { radios } from '../components/choices.js'
import { passwordField, selectField, textArea, textField } from '../components/field.js'
import { element, uniqueID } from '../dom.js'
import { majorText, minorFrom } from '../money.js'
import { instantFrom, wallTime } from '../zoned-time.js'
import { fileField } from './file-field.js'
import { referenceField } from './reference-field.js'
import { referencesField } from './references-field.js'

/**
 * The form field for a field of a collection. Its `value()` is what the API takes, null when nothing is entered;
 * `fault()` tells what cannot be made into such a value. `currency()` answers the currency an amount is in.
 */
export function inputFor({ shop, field, value = null, currency = () => shop.currency, hint, ...rest }) {
  const make = makers[field.type] ?? ('object' === typeof value && value !== null ? json : line)
  const { maxLength } = field.schema ?? {}
  return make({ shop, field, value, currency, options: { name: field.name, label: field.title, hint: hint
    ?? hints[field.type]?.(shop), required: field.isRequired, autocomplete: 'off', maxlength: maxLength, ...rest } })
}

const hints = {
  instant: (shop) => `On the shop’s clock, ${shop.zone}.`,
  weight: () => 'In milligrams.', rate: () => 'In hundredths of a percent.', duration: () => 'In seconds.',
  secret: () => 'Kept sealed, and shown to nobody. Empty: as it is.',
}

const makers = {
  multiline: ({ value, options }) => text(textArea({ ...options, value: value ?? '' })),
  email: (given) => line(given, { type: 'email', autocapitalize: 'none', spellcheck: 'false' }),
  phone: (given) => line(given, { type: 'tel' }),
  code: (given) => line(given, { autocapitalize: 'characters', spellcheck: 'false' }),
  integer, weight: integer, rate: integer, duration: integer, money, currency, boolean, choice, instant, secret,
  date: (given) => line(given, { type: 'date' }),
  reference: ({ shop, field, value, options }) => referenceField({ shop, field, value, ...options }),
  references: ({ shop, field, value, options }) => referencesField({ shop, field, value, ...options }),
  file: ({ shop, field, value, options }) => fileField({ shop, field, value, ...options }),
  object: json, array: json, json,
}

function line({ value, options }, attributes = {}) {
  return text(textField({ ...options, ...attributes, value: value ?? '' }))
}

const text = (made) => ({ ...made, value: () => made.value().trim() || null })

function integer({ field, value, options }) {
  const made = textField({ ...options, maxlength: undefined, value: value ?? '', inputmode: 'numeric' })
  const entered = () => made.value().replace(/[\s,]/g, '')
  const { minimum, maximum } = field.schema ?? {}
  return {
    ...made, value: () => (entered() === '' ? null : Number(entered())),
    fault() {
      if (entered() === '') return null
      if (!/^-?\d+$/.test(entered()) || !Number.isSafeInteger(Number(entered()))) return 'Type a whole number.'
      return Number(entered()) < minimum || Number(entered()) > maximum ? `Between ${minimum} and ${maximum}.` : null
    },
  }
}

function money({ value, currency, options }) {
  const unit = element('span', { class: 'input-unit', id: uniqueID('unit') }, currency())
  const made = textField({ ...options, unit, maxlength: undefined, inputmode: 'decimal',
    value: value === null ? '' : majorText(value, currency()) })
  const entered = () => made.value().trim()
  return {
    ...made, value: () => (entered() === '' ? null : minorFrom(entered(), currency())),
    fault: () => (entered() !== '' && minorFrom(entered(), currency()) === null
      ? `Type an amount in ${currency()}, such as ${majorText(123_450, currency())}.` : null),
    // The record’s currency was changed beside it: what is typed stays and now means that.
    refresh: () => { unit.textContent = currency() },
  }
}

// Spaces may belong to it. One that is there already need not be given again, so the server says where it is missing.
function secret({ options: { required, ...options } }) {
  const made = passwordField({ ...options, autocomplete: 'new-password' })
  return { ...made, value: () => made.value() || null }
}

// Every code the browser knows is suggested; which ones are money today, the server decides.
function currency({ shop, value, options }) {
  const names = element('datalist', { id: uniqueID('currencies') },
    Intl.supportedValuesOf('currency').map((code) => element('option', { value: code })))
  const made = textField({ ...options, value: value ?? '', maxlength: 3, list: names.id, autocapitalize: 'characters',
    spellcheck: 'false', placeholder: shop.currency })
  made.element.append(names)
  return { ...made, value: () => made.value().trim().toUpperCase() || null }
}

function boolean({ value, options }) {
  const choices = [['true', 'Yes'], ['false', 'No'], ...(options.required ? [] : [['', 'Not said']])]
  const made = radios({ ...options, options: choices, value: value === null ? (options.required ? 'false' : '')
    : String(value) })
  return { ...made, value: () => ({ true: true, false: false })[made.value()] ?? null }
}

function choice({ field, value, options }) {
  const none = options.required ? [] : [['', '–']]
  const made = selectField({ ...options, maxlength: undefined, autocomplete: undefined, value: value ?? '',
    options: [...none, ...field.choices.map((one) => [one, one])] })
  return { ...made, value: () => made.value() || null }
}

function instant({ shop, value, options }) {
  const made = textField({ ...options, type: 'datetime-local', step: '1',
    value: value === null ? '' : wallTime(value, shop.zone) })
  return {
    ...made, value: () => (made.value() === '' ? null : unlessSame(value, made.value(), shop.zone)),
    fault: () => (made.input.validity.badInput ? 'Type a day and a time.' : null),
  }
}

// The input knows no milliseconds: what nobody changed goes back as it came.
function unlessSame(before, wall, zone) {
  const isSame = before !== null && wallTime(before, zone) === (wall.length === 16 ? `${wall}:00` : wall)
  return isSame ? before : instantFrom(wall, zone)
}

function json({ value, options }) {
  const made = textArea({ ...options, maxlength: undefined, spellcheck: 'false', class: 'input input-code',
    value: value === null ? '' : JSON.stringify(value, null, 2) })
  return {
    ...made, value: () => (made.value().trim() === '' ? null : parsed(made.value())),
    fault: () => (made.value().trim() !== '' && parsed(made.value()) === undefined ? 'This is not JSON.' : null),
  }
}

function parsed(source) {
  try {
    return JSON.parse(source)
  } catch {
    return undefined
  }
}
