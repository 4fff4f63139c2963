import { cliLine } from '../components/cli-line.js'
import { passwordField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader } from '../components/page-header.js'
import { problemNotice } from '../components/states.js'
import { commands } from '../commands.js'
import { element } from '../dom.js'
import { passwordHint } from '../words.js'

/** The first operator chooses a password, by the one-time link that `appliance init` printed. */
export function setupPage({ api, params, signIn }) {
  const body = element('div', { class: 'stack' })
  body.append(setupForm(async (values) => {
    try {
      signIn(await api.signIn('/api/auth/setup', { token: params.token, ...values }))
    } catch (problem) {
      if (problem.status !== 410) throw problem
      body.replaceChildren(expired(problem))
    }
  }))
  return element('div', { class: 'page page-narrow' },
    pageHeader({ title: 'Set up this appliance',
      lead: 'You will be its first operator: you run it and see every tenant.' }),
    body)
}

function setupForm(onSubmit) {
  return form({ submitLabel: 'Set up and sign in', onSubmit, fields: [
    textField({ name: 'email', label: 'Email', type: 'email', autocomplete: 'username',
      hint: 'You sign in with it, and alerts go to it.' }),
    passwordField({ name: 'password', label: 'Password', autocomplete: 'new-password',
      hint: passwordHint }),
  ] })
}

function expired(problem) {
  return element('div', { class: 'stack' }, problemNotice(problem),
    element('p', {}, 'On the server, this prints a new link:'), cliLine(commands.newSetupLink()))
}
