import { drawing, element } from '../dom.js'
import { localTime } from '../format.js'
import { table } from './table.js'

const width = 600
const height = 100

/**
 * A small chart over time. `points` are `{ at, value, tone?, note? }` oldest first, `show(value)` writes a value.
 * The picture has a sentence as its text alternative, and its numbers can be opened as a table.
 */
export function chart({ title, shape, points, show, latest, timeLabels, size }) {
  const top = ceiling(Math.max(...points.map((point) => point.value)))
  return element('figure', { class: `chart ${size === 'small' ? 'chart-small' : ''}` },
    element('figcaption', {}, element('span', { class: 'chart-title' }, title),
      element('span', { class: 'chart-latest' }, latest)),
    element('div', { class: 'chart-plot' },
      element('div', { class: 'chart-scale', 'aria-hidden': 'true' },
        element('span', {}, show(top)), element('span', {}, show(top / 2)), element('span', {}, show(0))),
      drawing('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img',
        'aria-label': sentence(title, points, show) },
      grid(), shape === 'line' ? line(points, top) : bars(points, top, show))),
    element('div', { class: 'chart-times', 'aria-hidden': 'true' }, timeLabels.map((label) => element('span', {}, label))),
    numbers(title, points, show))
}

/** The next round number above the highest value, so that the scale reads 20, 10, 0 and not 17.3. */
export function ceiling(value) {
  if (value <= 0) return 1
  const power = 10 ** Math.floor(Math.log10(value))
  return [1, 2, 4, 5, 10].find((step) => step * power >= value) * power
}

function sentence(title, points, show) {
  const values = points.map((point) => point.value)
  return `${title}, ${points.length} points: lowest ${show(Math.min(...values))}, `
    + `highest ${show(Math.max(...values))}, latest ${show(values.at(-1))}`
}

function grid() {
  return [0, height / 2, height].map((y) => drawing('line', { class: 'chart-grid', x1: 0, x2: width, y1: y, y2: y }))
}

function bars(points, top, show) {
  const slot = width / points.length
  const thickness = Math.min(slot * 0.72, 24)
  return points.map(({ at, value, tone = 'accent', note }, index) => {
    const tall = value === 0 ? 0 : Math.max(1.5, (value / top) * height)
    return drawing('rect', { class: `tone-${tone}`, x: index * slot + (slot - thickness) / 2, y: height - tall,
      width: thickness, height: tall },
    drawing('title', {}, [localTime(at), show(value), note].filter(Boolean).join(' · ')))
  })
}

function line(points, top) {
  const step = width / Math.max(1, points.length - 1)
  const corners = points.map(({ value }, index) => `${(index * step).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`)
  return [
    drawing('polygon', { class: 'chart-area', points: `0,${height} ${corners.join(' ')} ${width},${height}` }),
    drawing('polyline', { class: 'chart-line', points: corners.join(' ') }),
  ]
}

// Sixty rows nobody may ever look at are built when they are asked for.
function numbers(title, points, show) {
  const details = element('details', { class: 'chart-numbers' }, element('summary', {}, 'Show the numbers'))
  const columns = [
    { title: 'Time', main: true, cell: (point) => localTime(point.at) },
    { title: 'Value', align: 'end', cell: (point) => show(point.value) },
    { title: 'Note', cell: (point) => point.note ?? '' },
  ].filter((column) => column.title !== 'Note' || points.some((point) => point.note))
  details.addEventListener('toggle', () => {
    details.append(table({ caption: title, columns, items: points.toReversed(), narrow: 'scroll' }))
  }, { once: true })
  return details
}
