import { drawing, element } from '../dom.js'
import { counted, daysUntil, percent } from '../format.js'

const fewDays = 3
const millisecondsPerDay = 86_400_000

/** Days left of a trial, as a word and as a bar that empties. */
export function trialMeter({ createdAt, trialEndsAt }, now = Date.now()) {
  const total = Math.max(1, Math.round((new Date(trialEndsAt) - new Date(createdAt)) / millisecondsPerDay))
  const left = daysUntil(trialEndsAt, now)
  const tone = left === 0 ? 'bad' : left <= fewDays ? 'warn' : 'good'
  return element('span', { class: 'meter' },
    element('span', {}, left === 0 ? 'Trial ended' : `${counted(left, 'day')} left`),
    bar(Math.min(1, left / total), tone))
}

/** How much of a limit is used, as a word and as a bar that fills. */
export function shareMeter(used, limit) {
  const share = limit === 0 ? 1 : used / limit
  const tone = share >= 1 ? 'bad' : share >= 0.8 ? 'warn' : 'good'
  return element('span', { class: 'meter' }, element('span', {}, share > 0 && share < 0.001 ? '< 0.1 %' : percent(share)), bar(Math.min(1, share), tone))
}

/** A score out of 100 as a ring. */
export function scoreRing(score, tone) {
  const around = 2 * Math.PI * 26
  return drawing('svg', { class: `ring tone-${tone}`, viewBox: '0 0 64 64', role: 'img',
    'aria-label': `Health score ${score} of 100` },
  drawing('circle', { class: 'ring-track', cx: 32, cy: 32, r: 26 }),
  drawing('circle', { class: 'ring-value', cx: 32, cy: 32, r: 26, transform: 'rotate(-90 32 32)',
    'stroke-dasharray': `${(score / 100) * around} ${around}` }),
  drawing('text', { x: 32, y: 38, 'text-anchor': 'middle' }, String(score)))
}

// The word beside it says the same, so the drawing is hidden from screen readers.
function bar(ratio, tone) {
  return drawing('svg', { class: `meter-bar tone-${tone}`, viewBox: '0 0 60 5', 'aria-hidden': 'true' },
    drawing('rect', { class: 'meter-track', width: 60, height: 5, rx: 2.5 }),
    ratio > 0 && drawing('rect', { class: 'meter-value', width: Math.max(5, 60 * ratio), height: 5, rx: 2.5 }))
}
