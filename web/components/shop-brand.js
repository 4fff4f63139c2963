import { element } from '../dom.js'

/** A shop's logo, or its first letters, beside its name. */
export function shopBrand({ name, logo }) {
  return element('p', { class: 'shop-brand' },
    logo ? element('img', { class: 'shop-logo', src: logo, alt: '' })
      : element('span', { class: 'shop-logo shop-monogram', 'aria-hidden': 'true' }, monogram(name)),
    name)
}

/** “Acme Jewellers” → “AJ”. */
export function monogram(name) {
  return name.split(/\s+/).filter(Boolean).slice(0, 2).map((word) => [...word][0].toUpperCase()).join('')
}
