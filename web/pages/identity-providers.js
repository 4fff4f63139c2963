import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { cliLine, copyLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { passwordField, selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { loadInto } from '../components/panel-loader.js'
import { table } from '../components/table.js'
import { toast, toastProblem } from '../components/toast.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { ApplianceProblem } from '../problem.js'

const path = '/api/admin/identity-providers'
const audiences = [['everybody', 'Operators and the people of shops'], ['operators', 'Operators'],
  ['shops', 'The people of shops']]

/** Who else may say who somebody is: GitHub, or whoever speaks OpenID Connect. */
export function identityProvidersPart(api, signal) {
  const onDone = () => part.reload()
  const part = loadInto({
    load: () => api.get(path, { signal }),
    view: ({ items }) => element('div', { class: 'stack' },
      items.length === 0 ? element('p', { class: 'muted' }, 'None: everybody signs in with a password.')
        : table({ caption: 'Identity providers', items, columns: columns(api, onDone) }),
      element('div', { class: 'actions' },
        button({ label: 'Add an identity provider…', icon: 'plus', onClick: () => openProvider(api, null, onDone) })),
      cliLine(commands.providerList())),
  })
  return part
}

function columns(api, onDone) {
  return [
    { title: 'Provider', main: true, cell: ({ label, issuer }) => [label,
      element('span', { class: 'sub' }, issuer)] },
    { title: 'For', cell: ({ audience }) => audience },
    { title: 'Status', cell: ({ enabled }) => (enabled ? badge('on', 'good') : badge('off')) },
    { title: 'Actions', cell: (provider) => element('span', { class: 'actions' },
      action('Change…', `Change ${provider.label}`, () => openProvider(api, provider, onDone)),
      action('Check', `Check ${provider.label}`, () => check(api, provider)),
      action('Delete…', `Delete ${provider.label}`, () => openDelete(api, provider, onDone))) },
  ]
}

function action(label, name, onClick) {
  const node = button({ label, small: true, onClick })
  node.setAttribute('aria-label', name)
  return node
}

const address = ({ name }) => `${path}/${encodeURIComponent(name)}`

async function check(api, provider) {
  try {
    await api.post(`${address(provider)}/check`)
    toast(`${provider.label} answers`)
  } catch (error) {
    toastProblem(ApplianceProblem.from(error))
  }
}

function openProvider(api, provider, onDone) {
  const first = provider ?? { name: '', kind: 'oidc', issuer: '', clientId: '', label: '', audience: 'everybody' }
  const line = cliLine(commands.providerSave(first, provider))
  openDialog({ title: provider ? `Change ${provider.label}` : 'Add an identity provider', content: (dialog) => form({
    fields: fields(first, provider), before: line, submitLabel: 'Save', cancel: cancelButton(dialog),
    onChange: (values) => line.update(commands.providerSave({ ...first, ...values }, provider)),
    onSubmit: async (values) => {
      const saved = provider ? await api.patch(address(provider), changed(values)) : await api.post(path, made(values))
      toast(`${saved.label} is saved`)
      onDone()
      dialog.show(element('p', {}, 'Register this address there, exactly as it stands here:'),
        copyLine(saved.callback, 'address'), element('div', { class: 'form-actions' },
          button({ label: 'Done', primary: true, onClick: () => dialog.close() })))
    },
  }) })
}

function fields(first, provider) {
  const secretHint = provider ? 'Empty: it stays as it is. It is never shown.' : 'It is kept sealed and never shown.'
  return [
    ...(provider ? [] : [
      selectField({ name: 'kind', label: 'Kind', value: first.kind, 'data-focus': true,
        options: [['oidc', 'OpenID Connect'], ['github', 'GitHub']] }),
      textField({ name: 'name', label: 'Name', hint: 'In addresses: a–z, 0–9 and dashes. It stays.',
        autocomplete: 'off' })]),
    textField({ name: 'label', label: 'Label', value: first.label, hint: 'What the button says.',
      autocomplete: 'off', 'data-focus': provider !== null }),
    textField({ name: 'issuer', label: 'Issuer', value: first.issuer, inputmode: 'url', autocomplete: 'off',
      hint: 'Such as https://accounts.example.com; GitHub needs none.' }),
    textField({ name: 'clientId', label: 'Client id', value: first.clientId, autocomplete: 'off' }),
    passwordField({ name: 'clientSecret', label: 'Client secret', autocomplete: 'off', hint: secretHint }),
    selectField({ name: 'audience', label: 'For', value: first.audience, options: audiences }),
    ...(provider ? [selectField({ name: 'state', label: 'On the sign-in page', value: first.enabled ? 'on' : 'off',
      options: [['on', 'On'], ['off', 'Off']] })] : []),
  ]
}

const filled = (values) => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== ''))

const made = (values) => filled(values)

function changed({ state, ...values }) {
  return { ...filled(values), enabled: state === 'on' }
}

function openDelete(api, provider, onDone) {
  openDialog({ title: `Delete ${provider.label}`, content: (dialog) => form({
    fields: [], submitLabel: 'Delete', danger: true, cancel: cancelButton(dialog),
    before: element('div', { class: 'stack' },
      element('p', {}, 'Nobody can sign in with it any more. Accounts, passwords and open sessions stay.'),
      cliLine(commands.providerDelete(provider))),
    onSubmit: async () => {
      await api.delete(address(provider))
      dialog.close()
      toast(`${provider.label} is deleted`)
      onDone()
    },
  }) })
}
