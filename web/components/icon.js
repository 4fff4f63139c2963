import { drawing } from '../dom.js'

// Strokes on a 20 × 20 grid, drawn for this page.
const paths = {
  gauge: 'M3 14a7 7 0 1 1 14 0M10 14l3.5-4.5',
  shops: 'M3.5 8.5 5 3.5h10l1.5 5M3.5 8.5v8h13v-8'
    + 'M3.5 8.5a2.2 2.2 0 0 0 4.3 0 2.2 2.2 0 0 0 4.4 0 2.2 2.2 0 0 0 4.3 0M8 16.5v-4h4v4',
  archive: 'M3 4h14v4H3zM4.5 8v8.5h11V8M8 11.5h4',
  clock: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14M10 6.2V10l2.6 1.8',
  mail: 'M3 5h14v10.5H3zM3.5 5.5 10 11l6.5-5.5',
  menu: 'M3.5 6h13M3.5 10h13M3.5 14h13',
  leave: 'M8 3.5H4v13h4M8.5 10H17M13.5 6.5 17 10l-3.5 3.5',
  sun: 'M10 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7'
    + 'M10 2v1.8M10 16.2V18M2 10h1.8M16.2 10H18M4.4 4.4l1.2 1.2M14.4 14.4l1.2 1.2M4.4 15.6l1.2-1.2M14.4 5.6l1.2-1.2',
  moon: 'M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3',
  contrast: 'M10 3a7 7 0 1 1 0 14 7 7 0 0 1 0-14M10 3v14M12.5 4v12M15 6v8',
  check: 'm4 10.5 4 4 8-9',
  cross: 'm5 5 10 10M15 5 5 15',
  warn: 'M10 3 18 16.5H2zM10 8v4M10 14.2v.3',
  plus: 'M10 4v12M4 10h12',
  copy: 'M7 7V3.5h9.5V13H13M3.5 7H13v9.5H3.5z',
  search: 'M8.5 3a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11M12.6 12.6 17 17',
  undo: 'M4 8.5h8a4 4 0 0 1 0 8H8M7.5 5 4 8.5 7.5 12',
  play: 'M6 4v12l9-6z',
  shield: 'M10 2.8 16 5v5c0 3.6-2.5 6-6 7.2C6.5 16 4 13.6 4 10V5zM7.2 10l2 2 3.6-4',
  pause: 'M7 4.5v11M13 4.5v11',
  filter: 'M3 4.5h14l-5.5 6.5v5L8.5 14.5V11z',
  sort: 'M6 4v12M6 16l-3-3M6 16l3-3M14 16V4M14 4l-3 3M14 4l3 3',
  columns: 'M3 4h14v12H3zM8 4v12M12.5 4v12',
  download: 'M10 3v9.5M10 12.5 6 8.5M10 12.5l4-4M3.5 16.5h13',
  upload: 'M10 13V3.5M10 3.5 6 7.5M10 3.5l4 4M3.5 16.5h13',
  edit: 'M4 16l1-4 8-8 3 3-8 8zM11.5 5.5l3 3',
  trash: 'M4 6h12M8 6V3.5h4V6M5.5 6l.8 10.5h7.4L14.5 6M8.5 9v4.5M11.5 9v4.5',
  people: 'M7.5 4a3 3 0 1 1 0 6 3 3 0 0 1 0-6M2 16.5c.3-3 2.5-4.7 5.5-4.7s5.2 1.7 5.5 4.7'
    + 'M13 4.3a3 3 0 0 1 0 5.5M15 12.2c1.7.7 2.8 2.2 3 4.3',
  history: 'M3.5 10a6.5 6.5 0 1 1 2 4.7M3.5 16v-3.5H7M10 6.5V10l2.5 1.5',
  key: 'M6.5 6.5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7M10 10h7.5v3M14 10v2.5',
  tag: 'M3 3.5h6.5l7.5 7.5-6.5 6.5L3 10zM6.5 6.5v.4',
  sliders: 'M3 6h8M15 6h2M11 4v4h4V4zM3 14h2M9 14h8M5 12v4h4v-4z',
  box: 'M3.5 6.5 10 3l6.5 3.5v7L10 17l-6.5-3.5zM3.5 6.5 10 10l6.5-3.5M10 10v7',
}

/** A small line drawing beside a word. It says nothing the word does not, so it is hidden from screen readers. */
export function icon(name) {
  return drawing('svg', { class: 'icon', viewBox: '0 0 20 20', 'aria-hidden': 'true', focusable: 'false' },
    drawing('path', { d: paths[name] }))
}
