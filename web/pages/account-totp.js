import { badge } from '../components/badge.js'
import { button } from '../components/button.js'
import { copyLine } from '../components/cli-line.js'
import { cancelButton, openDialog } from '../components/dialog.js'
import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { toast } from '../components/toast.js'
import { element } from '../dom.js'
import { qrCode } from '../qr-code.js'

/** Codes of an authenticator app beside the password. */
export function totpPanel({ api, signal }) {
  const place = loadInto({
    load: () => api.get('/api/auth/totp', { signal }),
    view: (state) => (state.isOn ? whileOn({ api, state, reload: place.reload })
      : whileOff({ api, reload: place.reload })),
  })
  return panel({ title: 'Second factor' }, place.element)
}

function whileOff({ api, reload }) {
  return element('div', { class: 'stack' },
    element('p', {}, 'With an authenticator app on your phone, a stolen password alone opens nothing.'),
    element('div', { class: 'actions' }, button({ label: 'Set up…', onClick: () => openSetUp({ api, reload }) })))
}

function whileOn({ api, state, reload }) {
  const left = `${state.recoveryCodesLeft} of 10 recovery codes are left.`
  return element('div', { class: 'stack' }, element('p', {}, badge('on', 'good', 'check'), ` ${left}`),
    element('div', { class: 'actions' },
      button({ label: 'New recovery codes…', onClick: () => openRenew({ api, reload }) }),
      button({ label: 'Turn off…', onClick: () => openTurnOff({ api, reload }) })))
}

function openSetUp({ api, reload }) {
  openDialog({ title: 'Set up a second factor', content: (dialog) => form({
    fields: [currentPassword()], submitLabel: 'Go on', cancel: cancelButton(dialog),
    onSubmit: async (values) => showSecret({ api, dialog, reload, ...await api.post('/api/auth/totp/enrol', values) }),
  }) })
}

function showSecret({ api, dialog, reload, secret, uri }) {
  dialog.show(element('p', {}, 'Scan this with your authenticator app, or type the secret into it.'),
    qrCode(uri), copyLine(secret, 'secret'), form({
      fields: [codeField('The code that the app shows now')], submitLabel: 'Turn it on', cancel: cancelButton(dialog),
      onSubmit: async ({ code }) => {
        const { recoveryCodes } = await api.post('/api/auth/totp/confirm', { code: code.trim() })
        toast('The second factor is on')
        reload()
        showCodes(dialog, recoveryCodes)
      },
    }))
}

function openRenew({ api, reload }) {
  openDialog({ title: 'New recovery codes', content: (dialog) => form({
    fields: [currentPassword(), codeField('Code')], submitLabel: 'Make new codes', cancel: cancelButton(dialog),
    onSubmit: async (values) => {
      const { recoveryCodes } = await api.post('/api/auth/totp/recovery-codes', values)
      reload()
      showCodes(dialog, recoveryCodes)
    },
  }) })
}

function showCodes(dialog, codes) {
  dialog.show(element('p', {}, 'Keep these recovery codes where the phone is not. Each lets you in once when the app is '
    + 'lost. They are shown this once, and those of before are dead.'),
  element('pre', { class: 'message', tabindex: '0', role: 'region', 'aria-label': 'Recovery codes' }, codes.join('\n')),
  element('div', { class: 'form-actions' }, button({ label: 'Done', primary: true, onClick: () => dialog.close() })))
}

function openTurnOff({ api, reload }) {
  openDialog({ title: 'Turn the second factor off', content: (dialog) => form({
    fields: [currentPassword(), codeField('Code')], submitLabel: 'Turn off', danger: true,
    cancel: cancelButton(dialog),
    onSubmit: async (values) => {
      await api.post('/api/auth/totp/disable', values)
      dialog.close()
      toast('The second factor is off')
      reload()
    },
  }) })
}

const currentPassword = () => passwordField({ name: 'password', label: 'Your password',
  autocomplete: 'current-password', 'data-focus': true })

const codeField = (label) => textField({ name: 'code', label, autocomplete: 'one-time-code', inputmode: 'numeric',
  spellcheck: 'false' })
