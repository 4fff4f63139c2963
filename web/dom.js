const svgNamespace = 'http://www.w3.org/2000/svg'

/** Builds an HTML element. Strings become text nodes, so nothing a tenant typed can become markup. */
export function element(tag, attributes, ...children) {
  return fill(document.createElement(tag), attributes, children)
}

/** Builds an SVG element the same way. */
export function drawing(tag, attributes, ...children) {
  return fill(document.createElementNS(svgNamespace, tag), attributes, children)
}

let lastID = 0

/** An id that is unique in this document, to tie labels and messages to their control. */
export function uniqueID(prefix) {
  lastID += 1
  return `${prefix}-${lastID}`
}

/** Calls `action` once, `milliseconds` after the last call. */
export function debounce(action, milliseconds) {
  let timer
  return (...values) => {
    clearTimeout(timer)
    timer = setTimeout(action, milliseconds, ...values)
  }
}

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) setAttribute(node, name, value)
  node.append(...children.flat(Infinity).filter(isShown))
  return node
}

function setAttribute(node, name, value) {
  if (value === null || value === undefined || value === false) return
  if (name.startsWith('on')) node.addEventListener(name.slice(2).toLowerCase(), value)
  // The content security policy refuses style attributes, not properties set from a script.
  else if (name === 'style') Object.entries(value).forEach(([key, one]) => node.style.setProperty(key, one))
  else node.setAttribute(name, value === true ? '' : String(value))
}

function isShown(child) {
  return child !== null && child !== undefined && child !== false
}
