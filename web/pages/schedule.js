import { runBadge } from '../components/badge.js'
import { button, isBusy, setBusy } from '../components/button.js'
import { cliLine } from '../components/cli-line.js'
import { pageHeader, panel } from '../components/page-header.js'
import { PagedList } from '../components/paged-list.js'
import { loadInto } from '../components/panel-loader.js'
import { emptyState } from '../components/states.js'
import { ago, time } from '../components/time.js'
import { toast, toastProblem } from '../components/toast.js'
import { filterBox } from '../components/toolbar.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { duration } from '../format.js'
import { ApplianceProblem } from '../problem.js'

const pageSize = 30

/** The recurring jobs, when each ran and will run, and the history of their runs. */
export function schedulePage({ api, signal }) {
  const filters = { job: '' }
  const history = runList({ api, filters, signal })
  const filter = element('div')
  const jobs = loadInto({
    load: () => api.get('/api/admin/schedule', { signal }),
    view: ({ items }) => {
      if (!filter.hasChildNodes()) filter.append(jobFilter(items, filters, history))
      return jobList(items, (job, node) => runNow({ api, job, node, jobs, history }))
    },
  })
  history.reload()
  return element('div', { class: 'page' },
    pageHeader({ title: 'Schedule', lead: 'Jobs that come round by themselves. Each can also be run now.' }),
    jobs.element,
    panel({ title: 'Runs', actions: filter }, history.element),
    cliLine(commands.scheduleList()))
}

async function runNow({ api, job, node, jobs, history }) {
  if (isBusy(node)) return
  setBusy(node, true)
  try {
    const run = await api.post(`/api/admin/schedule/${encodeURIComponent(job.name)}/run`)
    toast(`${job.title}: ${run.status}${run.detail ? `, ${run.detail}` : ''}`)
    await Promise.all([jobs.reload(), history.reload({ isQuiet: true })])
    document.querySelector(`#run-${job.name}`)?.focus()
  } catch (error) {
    toastProblem(ApplianceProblem.from(error))
  } finally {
    setBusy(node, false)
  }
}

function jobList(items, onRun) {
  return element('ul', { class: 'jobs' }, items.map((job) => {
    const run = button({ label: 'Run now', icon: 'play', onClick: () => onRun(job, run) })
    run.id = `run-${job.name}`
    run.setAttribute('aria-label', `Run ${job.title} now`)
    return element('li', { class: 'panel job' },
      element('div', { class: 'panel-header' }, element('h2', {}, job.title), run),
      element('p', { class: 'muted' }, job.description),
      element('dl', { class: 'facts facts-tight' },
        fact('Comes round', `${job.schedule}, ${job.timeZone}`),
        fact('Next', ago(job.nextRunAt)),
        fact('Last', job.lastRun ? lastRun(job.lastRun) : 'never')),
      cliLine(commands.scheduleRun(job.name)))
  }))
}

function fact(name, value) {
  return element('div', {}, element('dt', {}, name), element('dd', {}, value))
}

function lastRun(run) {
  return element('span', { class: 'badges' }, runBadge(run), ago(run.startedAt),
    run.detail && element('span', { class: 'muted' }, run.detail))
}

function jobFilter(items, filters, history) {
  const options = [['', 'Every job'], ...items.map((job) => [job.name, job.title])]
  return filterBox({ label: 'Job', value: '', options,
    onChange: (job) => {
      filters.job = job
      history.reload({ isQuiet: true })
    } })
}

function runList({ api, filters, signal }) {
  return new PagedList({
    caption: 'Runs', noun: 'run',
    columns: [
      { title: 'Job', main: true, cell: (run) => run.job },
      { title: 'Status', cell: runBadge },
      { title: 'Started', cell: (run) => time(run.startedAt) },
      { title: 'Took', align: 'end', cell: (run) => (run.finishedAt ? duration(secondsOf(run)) : '–') },
      { title: 'Trigger', minor: true, cell: (run) => run.trigger },
      { title: 'Detail', cell: (run) => run.detail ?? '–' },
    ],
    load: (cursor) => api.get('/api/admin/schedule/runs', { signal, query: { ...filters, cursor, limit: pageSize } }),
    empty: () => emptyState({ icon: 'clock', title: 'No run yet',
      text: 'Jobs run when their time comes, or when you run them.' }),
  })
}

function secondsOf({ startedAt, finishedAt }) {
  return (new Date(finishedAt) - new Date(startedAt)) / 1_000
}
