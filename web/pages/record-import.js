import { button, buttonLink } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { field as labelled, selectField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { progressBar } from '../components/progress.js'
import { problemNotice } from '../components/states.js'
import { announce } from '../components/toast.js'
import { commands } from '../commands.js'
import { readHead } from '../csv.js'
import { element, uniqueID } from '../dom.js'
import { bytes, count } from '../format.js'
import { ApplianceProblem } from '../problem.js'
import { columnFields, mapFrom, mappingTable } from '../records/import-mapping.js'
import { faultsView, reportView } from '../records/import-report.js'
import { collectionPage } from './collection-page.js'
import { listLink } from './record.js'

const rowsShown = 5

/** Takes a CSV file in, in three steps: the file; its columns, beside the first rows; the act and its report. */
export function recordImportPage(context) {
  return collectionPage(context, {
    title: ({ collection }) => `Import ${collection.title.toLowerCase()}`,
    back: listLink,
    view: (given) => {
      const place = element('div', { class: 'stack' })
      showChooseStep({ ...given, place })
      return place
    },
  })
}

function show(place, ...nodes) {
  const hadFocus = place.contains(document.activeElement)
  place.replaceChildren(...nodes)
  if (hadFocus) place.querySelector('h2').focus()
}

// --- The file

function showChooseStep(given) {
  const { collection, place } = given
  const file = fileField()
  show(place, step('1. The file', form({
    fields: [file], submitLabel: 'Look at it', before: cliLine(commands.recordImport(given.shop, collection,
      { map: [] })),
    onSubmit: async ({ file: chosen }) => {
      const head = await readHead(chosen, rowsShown)
      if (head.header.length === 0 || head.header.join('') === '') {
        return file.showError('The file has no header line with the names of its columns.')
      }
      showColumnsStep({ ...given, file: chosen, head })
    } })))
}

function fileField() {
  const input = element('input', { id: uniqueID('file'), type: 'file', class: 'input', accept: '.csv,text/csv' })
  return {
    ...labelled({ name: 'file', label: 'CSV file', input, required: true, value: () => input.files[0] ?? null,
      hint: 'UTF-8 with commas, the first line names the columns. Amounts in major units (11.77), times as RFC 3339 or '
        + 'plain days on the shop’s clock.' }),
    fault: () => (input.files.length === 0 ? 'Choose a file.' : null),
  }
}

// --- Its columns

function showColumnsStep(given) {
  const { shop, collection, place, file, head } = given
  const targets = columnFields(shop, collection)
  const mapping = mappingTable({ head, targets })
  const upsert = selectField({ name: 'upsert', label: 'Records that exist already', value: '',
    options: [['', 'Make every row a new record'], ...upsertOptions(collection)],
    hint: 'A row whose value stands in a record already changes that record instead of making another.' })
  const line = cliLine('')
  const options = () => ({ map: mapFrom(head.header, mapping.chosen()), upsert: upsert.value() })
  const draw = () => line.update(commands.recordImport(shop, collection, { file: file.name, ...options() }))
  draw()
  const columns = { name: 'columns', element: mapping.element, value: mapping.chosen, focus: mapping.focus,
    showError: mapping.showError, fault: mapping.fault }
  show(place, step(`2. ${file.name}, ${bytes(file.size)}`, form({
    fields: [columns, upsert], before: line, submitLabel: 'Import', onChange: draw,
    cancel: button({ label: 'Another file', onClick: () => showChooseStep(given) }),
    onSubmit: () => run({ ...given, options: options() }) })))
}

function upsertOptions({ fields }) {
  const isCandidate = ({ isUnique, type }) => isUnique ?? ['text', 'code', 'email', 'phone'].includes(type)
  return fields.filter(isCandidate).map((field) => [field.name, `Find them by ${field.title.toLowerCase()}`])
}

// --- The act

async function run(given) {
  const { shop, collection, place, file, options } = given
  const bar = progressBar(`Import of ${file.name}`)
  show(place, step('3. Importing', bar.element))
  const query = [...options.map.map((pair) => ['map', pair]), ['upsert', options.upsert]]
  const body = new Blob([file], { type: 'text/csv' })
  const again = button({ label: 'Change the columns', onClick: () => showColumnsStep(given) })
  try {
    const report = await shop.post(`${collection.path}/import`, body, { query, onProgress: bar.update })
    announce(`${count(report.rows)} rows imported`)
    show(place, step('3. Imported', reportView(report), closing(given)))
  } catch (error) {
    const problem = ApplianceProblem.from(error)
    const shown = problem.errors.length > 0 ? faultsView(problem) : problemNotice(problem)
    announce('Nothing was imported')
    show(place, step('3. Nothing was imported', shown,
      element('div', { class: 'form-actions' }, again, button({ label: 'Another file', primary: true,
        onClick: () => showChooseStep(given) }))))
  }
}

function closing({ shop, collection, place, ...given }) {
  return element('div', { class: 'form-actions' },
    button({ label: 'Import another file', onClick: () => showChooseStep({ ...given, shop, collection, place }) }),
    buttonLink({ label: `Show ${collection.title.toLowerCase()}`, primary: true,
      href: shop.address(collection.name) }))
}

function step(title, ...children) {
  const part = panel({ title }, ...children)
  part.querySelector('h2').setAttribute('tabindex', '-1')
  return part
}
