import { drawing, element } from '../dom.js'
import { localTime } from '../format.js'
import { table } from './table.js'

const width = 600
const height = 100
// Two errors among a thousand requests would be thinner than a pixel, and are what one looks for.
const leastFlaw = 6

/**
 * A small chart over time. `points` are `{ at, value, tone?, flaw?, note? }`, oldest first; `show` writes a value.
 * The picture has a sentence as its text alternative, and its numbers can be opened as a table.
 */
export function chart({ title, shape, points, show, latest, timeLabels, size, base }) {
  const top = ceiling(Math.max(...points.map((point) => point.value)), base)
  return element('figure', { class: `chart ${size === 'small' ? 'chart-small' : ''}` },
    element('figcaption', {}, element('span', { class: 'chart-title' }, title),
      element('span', { class: 'chart-latest' }, latest)),
    element('div', { class: 'chart-plot' },
      element('div', { class: 'chart-scale', 'aria-hidden': 'true' },
        element('span', {}, show(top)), element('span', {}, show(top / 2)), element('span', {}, show(0))),
      drawing('svg', { viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', role: 'img',
        'aria-label': sentence(title, points, show) },
      grid(), shape === 'line' ? line(points, top) : bars(points, top, show)),
      element('div', { class: 'chart-times', 'aria-hidden': 'true' },
        timeLabels.map((label) => element('span', {}, label)))),
    numbers(title, points, show))
}

/** The next round number above `value`, so that a scale reads 20, 10, 0 and not 17.3; `base` 1024 for bytes. */
export function ceiling(value, base = 10) {
  if (value <= 0) return 1
  const power = base ** Math.floor(Math.log(value) / Math.log(base) + 1e-9)
  const steps = base === 10 ? [1, 1.2, 1.6, 2, 2.4, 3, 4, 5, 6, 8, 10] : [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
  return steps.find((step) => step * power >= value) * power
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
  return points.map(({ at, value, tone = 'accent', flaw, note }, index) => {
    const tall = value === 0 ? 0 : Math.max(1.5, (value / top) * height)
    const name = () => drawing('title', {}, [localTime(at), show(value), note].filter(Boolean).join(' · '))
    const rect = (color, size) => drawing('rect', { class: `tone-${color}`, x: index * slot + (slot - thickness) / 2,
      y: height - size, width: thickness, height: size }, name())
    return [rect(tone, tall), flaw && rect('bad', Math.max(leastFlaw, (flaw / top) * height))]
  })
}

function line(points, top) {
  const step = width / Math.max(1, points.length - 1)
  const corners = points.map(({ value }, index) => (
    `${(index * step).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`))
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
