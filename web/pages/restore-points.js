import { badge, proofBadge } from '../components/badge.js'
import { button } from '../components/button.js'
import { addDays, dayCalendar, startOfDay } from '../components/day-calendar.js'
import { panel } from '../components/page-header.js'
import { drawing, element, uniqueID } from '../dom.js'
import { counted, duration, localDay, utcTime } from '../format.js'

const weeksShown = 6
const secondsPerDay = 86_400
const clockFormat = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' })
// Worst first: a day is as good as its worst snapshot.
const tones = ['bad', 'warn', 'good']

/**
 * A calendar of all snapshots; below it the chosen day with a slider to the second. `restore(at)` opens the plan for
 * that moment. `snapshots` are newest first.
 */
export function restorePoints({ snapshots, restore, now = new Date() }) {
  const newest = reached(snapshots[0])
  const place = element('div', { class: 'restore-points' })
  const draw = (day, moment) => {
    const hadFocus = place.contains(document.activeElement)
    const choose = (other) => draw(other, newestOf(snapshots, other) ?? middle(other, now))
    place.replaceChildren(calendar({ snapshots, day, choose, now }),
      daySlider({ snapshots, day, moment, restore, now }))
    if (hadFocus) place.querySelector('[aria-pressed="true"]')?.focus()
  }
  draw(startOfDay(newest), newest)
  return panel({ title: 'Restore points' }, place, legend())
}

function calendar({ snapshots, day, choose, now }) {
  const marks = snapshots.map((snapshot) => ({ at: snapshot.createdAt, tone: toneOf(snapshot) }))
  return dayCalendar({ label: 'Snapshots by day', marks, weeks: weeksShown, tones, chosen: day, onChoose: choose, now,
    describe: (list) => (list.length === 0 ? 'no snapshot' : [counted(list.length, 'snapshot'),
      list.every(({ tone }) => tone === 'good') ? 'all proved' : 'not all proved'].join(', ')) })
}

// The chosen day as a line: a tick for each snapshot, and a handle that stops at every second.
function daySlider({ snapshots, day, moment, restore, now }) {
  const length = Math.ceil((Math.min(addDays(day, 1), now) - day) / 1_000)
  const slider = element('input', { id: uniqueID('moment'), class: 'slider', type: 'range', min: '0', step: '1',
    max: String(length), value: String(Math.ceil((moment - day) / 1_000)) })
  const clock = element('input', { id: uniqueID('clock'), class: 'input', type: 'time', step: '1' })
  const readout = element('div', { class: 'restore-readout' })
  const chosen = () => new Date(day.getTime() + Number(slider.value) * 1_000)
  const update = () => {
    slider.setAttribute('aria-valuetext', clockFormat.format(chosen()))
    clock.value = wallClock(chosen())
    readout.replaceChildren(...sourceOf(snapshots, chosen()))
  }
  slider.addEventListener('input', update)
  clock.addEventListener('change', () => {
    slider.value = String(secondsInto(day, clock.value))
    update()
  })
  update()
  return element('div', { class: 'stack-tight day-slider' },
    element('p', { class: 'chart-title' }, localDay(day.toISOString())),
    ticks(snapshots, day, length),
    element('label', { class: 'visually-hidden', for: slider.id }, 'Moment'), slider,
    element('div', { class: 'restore-moment' },
      element('label', { for: clock.id }, 'Time of day'), clock,
      button({ label: 'Restore to this moment…', icon: 'undo', onClick: () => restore(chosen().toISOString()) })),
    readout)
}

function ticks(snapshots, day, length) {
  const inside = snapshots.filter(({ createdAt }) => startOfDay(new Date(createdAt)).getTime() === day.getTime())
  return drawing('svg', { class: 'slider-ticks', viewBox: `0 0 ${Math.max(1, length)} 10`,
    preserveAspectRatio: 'none', 'aria-hidden': 'true' }, inside.map((snapshot) => {
    const x = (new Date(snapshot.createdAt) - day) / 1_000
    return drawing('line', { class: `tick tone-${toneOf(snapshot)}`, x1: x, x2: x, y1: 0, y2: 10 })
  }))
}

// What a restore to that moment starts from: the newest snapshot that was whole by then.
function sourceOf(snapshots, moment) {
  const source = snapshots.find((snapshot) => reached(snapshot) <= moment)
  if (!source) return [badge('nothing to restore from', 'bad', 'warn'), ' No snapshot is as old as that.']
  const behind = (moment - reached(source)) / 1_000
  return [proofBadge(source), ` Snapshot of ${utcTime(source.createdAt)}, `,
    behind < 1 ? 'at that moment.' : `${duration(behind)} before that moment.`]
}

// Its last file was copied when the snapshot was finished.
function reached({ createdAt, seconds }) {
  return new Date(new Date(createdAt).getTime() + (seconds ?? 0) * 1_000)
}

function legend() {
  return element('p', { class: 'badges small' }, badge('all proved', 'good'), badge('some not proved', 'warn'),
    badge('incomplete', 'bad'))
}

function toneOf(snapshot) {
  if (snapshot.failures?.length > 0) return 'bad'
  return snapshot.verified ? 'good' : 'warn'
}

function newestOf(snapshots, day) {
  const found = snapshots.find(({ createdAt }) => startOfDay(new Date(createdAt)).getTime() === day.getTime())
  return found && reached(found)
}

function middle(day, now) {
  return new Date(Math.min(day.getTime() + secondsPerDay * 500, now))
}

const twoDigits = (number) => String(number).padStart(2, '0')

function wallClock(date) {
  return [date.getHours(), date.getMinutes(), date.getSeconds()].map(twoDigits).join(':')
}

// By the calendar and not by counting: a day on which the clocks change has 23 or 25 hours.
function secondsInto(day, clock) {
  const [hours = 0, minutes = 0, seconds = 0] = clock.split(':').map(Number)
  return (new Date(day.getFullYear(), day.getMonth(), day.getDate(), hours, minutes, seconds) - day) / 1_000
}
