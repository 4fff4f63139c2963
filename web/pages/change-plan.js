import { badge } from '../components/badge.js'
import { cliLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { selectField } from '../components/field.js'
import { form } from '../components/form.js'
import { problemNotice } from '../components/states.js'
import { table } from '../components/table.js'
import { toast } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { featureNames, limitNames, limitValue } from '../plans.js'
import { ApplianceProblem } from '../problem.js'

/** Shows what another plan would change for a tenant before it is given. */
export async function openChangePlan({ api, tenant, onChange }) {
  const { items } = await api.get('/api/admin/plans')
  const path = `/api/admin/tenants/${encodeURIComponent(tenant.slug)}/change-plan`
  const line = cliLine(commands.tenantChangePlan(tenant.slug, tenant.plan))
  const preview = element('div', { 'aria-live': 'polite' })
  const look = async (plan) => {
    line.update(commands.tenantChangePlan(tenant.slug, plan))
    try {
      preview.replaceChildren(previewView(await api.post(path, { plan, dryRun: true })))
    } catch (error) {
      preview.replaceChildren(problemNotice(ApplianceProblem.from(error)))
    }
  }
  openDialog({ title: `Change the plan of ${tenant.name}`, wide: true, content: (dialog) => form({
    fields: [selectField({ name: 'plan', label: 'Plan', value: tenant.plan, 'data-focus': true,
      options: items.map(({ name, title }) => [name, title]) })],
    before: [preview, line], submitLabel: 'Change the plan', cancel: cancelButton(dialog),
    onChange: ({ plan }) => look(plan),
    onSubmit: async ({ plan }) => {
      await api.post(path, { plan })
      dialog.close()
      toast(`${tenant.name} has the plan ${plan}`)
      onChange()
    },
  }) })
  look(tenant.plan)
}

function previewView({ from, to, gains, loses, limits }) {
  if (from.name === to.name && from.version === to.version) {
    return element('p', { class: 'muted' }, 'It has this plan, in its newest version.')
  }
  const broken = limits.filter((line) => line.breaks)
  return element('div', { class: 'stack' },
    element('p', {}, `${from.title} version ${from.version} → ${to.title} version ${to.version}`),
    gains.length > 0 && element('p', {}, 'Opens: ', names(gains)),
    loses.length > 0 && element('p', {}, 'Closes: ', names(loses)),
    broken.length > 0 && element('div', { class: 'notice notice-warn' }, element('p', {},
      'It is beyond some limits already. What is there stays and can be read; nothing is added until it fits.')),
    limits.length > 0 && table({ caption: 'Limits', items: limits, columns: [
      { title: 'Limit', main: true, cell: ({ limit }) => limitNames[limit] ?? limit },
      { title: 'Now', align: 'end', cell: ({ limit, from: value }) => limitValue(limit, value) },
      { title: 'Then', align: 'end', cell: ({ limit, to: value }) => limitValue(limit, value) },
      { title: 'Used', align: 'end', cell: ({ limit, used, breaks }) => [
        used === null ? '–' : limitValue(limit, used), breaks && [' ', badge('beyond', 'warn', 'warn')]] },
    ] }))
}

const names = (features) => features.map((name) => featureNames[name] ?? name).join(', ')
