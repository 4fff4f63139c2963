import { element } from '../dom.js'
import { count } from '../format.js'

const daysInWeek = 7
const monthFormat = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const weekdayFormat = new Intl.DateTimeFormat(undefined, { weekday: 'short' })
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' })

/**
 * Weeks as rows, days as buttons, on the reader's calendar. `marks` are `{ at, tone }`, worst tone first in `tones`; a
 * day is coloured by its worst mark and the deeper the more there are. `describe(marks)` says a day for those who do
 * not see it. `onChoose(day)` gets the day's first moment.
 */
export function dayCalendar({ label, marks, weeks, tones, describe, chosen, onChoose, now = new Date() }) {
  const ofDay = Map.groupBy(marks, ({ at }) => startOfDay(new Date(at)).getTime())
  const most = Math.max(1, ...[...ofDay.values()].map((list) => list.length))
  const first = addDays(startOfWeek(now), -daysInWeek * (weeks - 1))
  const rows = Array.from({ length: weeks }, (_, week) => element('tr', {},
    element('th', { scope: 'row', class: 'calendar-week' }, monthFormat.format(addDays(first, week * daysInWeek))),
    Array.from({ length: daysInWeek }, (_, weekday) => {
      const day = addDays(first, week * daysInWeek + weekday)
      return element('td', {}, day > now ? null : dayButton({ day, marks: ofDay.get(day.getTime()) ?? [], most, tones,
        describe, isChosen: day.getTime() === chosen.getTime(), onChoose }))
    })))
  return element('table', { class: 'calendar' }, element('caption', { class: 'visually-hidden' }, label),
    element('thead', {}, element('tr', {}, element('td'), weekdays(first))), element('tbody', {}, rows))
}

/** The first moment of a day on the reader's clock. */
export function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate())
}

/** As many days later; a day of a change of clocks has 23 or 25 hours, so hours are not counted. */
export function addDays(date, days) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate() + days)
}

const startOfWeek = (date) => addDays(startOfDay(date), -((date.getDay() + daysInWeek - 1) % daysInWeek))

function weekdays(first) {
  return Array.from({ length: daysInWeek }, (_, at) => element('th', { scope: 'col' },
    weekdayFormat.format(addDays(first, at))))
}

function dayButton({ day, marks, most, tones, describe, isChosen, onChoose }) {
  const tone = tones.find((one) => marks.some((mark) => mark.tone === one)) ?? 'none'
  const depth = Math.ceil((3 * marks.length) / most)
  return element('button', { type: 'button', class: `calendar-day tone-${tone} depth-${depth}`,
    'aria-pressed': String(isChosen), 'aria-label': `${fullFormat.format(day)}: ${describe(marks)}`,
    onClick: () => onChoose(day) },
  element('span', {}, String(day.getDate())), marks.length > 0 && element('small', {}, count(marks.length)))
}
