import { button } from '../components/button.js'
import { selectField, textField } from '../components/field.js'
import { form } from '../components/form.js'
import { pageHeader, panel } from '../components/page-header.js'
import { loadInto } from '../components/panel-loader.js'
import { shopBrand } from '../components/shop-brand.js'
import { table } from '../components/table.js'
import { toast } from '../components/toast.js'
import { element } from '../dom.js'
import { supportColumns } from './tenant-access.js'

/** What a shop's owner sets: its name and logo, who may use its API from the web, and whether operators come in. */
export function shopSettingsPage({ api, session, signal }) {
  const part = loadInto({
    load: () => api.get('/api/shop', { signal }),
    view: (shop) => element('div', { class: 'stack' },
      panel({ title: 'Name and logo' }, shopBrand(shop), brandForm(api, shop, () => part.reload())),
      panel({ title: 'Pages of other sites' }, originsForm(api, shop)),
      session.user.role === 'owner' && panel({ title: 'Operators' }, supportForm(api, shop, () => part.reload()))),
  })
  const support = loadInto({ load: () => api.get('/api/shop/support', { signal }),
    view: ({ items }) => (items.length === 0 ? element('p', { class: 'muted' }, 'No operator has been in your shop.')
      : table({ caption: 'Operators inside', items, columns: supportColumns((grant) => button({
        label: 'Send out', small: true, onClick: async () => {
          await api.post(`/api/shop/support/${grant.id}/end`)
          support.reload()
        } })) })) })
  return element('div', { class: 'page' }, pageHeader({ title: 'Shop settings' }), part.element,
    panel({ title: 'Operators inside' }, support.element))
}

function brandForm(api, shop, onDone) {
  const file = element('input', { type: 'file', accept: 'image/*', class: 'input', 'aria-label': 'Logo' })
  return element('div', { class: 'stack' }, element('label', {}, 'Logo ', file), form({
    fields: [textField({ name: 'name', label: 'Name', value: shop.name })], submitLabel: 'Save name and logo',
    onSubmit: async ({ name }) => {
      const [chosen] = file.files
      const uploaded = chosen && await api.upload('/api/files', chosen,
        { query: { name: chosen.name, visibility: 'public' } })
      await api.patch('/api/shop', { name, ...(uploaded ? { logoFileId: uploaded.id } : {}) })
      toast('Name and logo are saved')
      onDone()
    },
  }))
}

function originsForm(api, shop) {
  return form({
    fields: [textField({ name: 'corsOrigins', label: 'Web origins', value: shop.corsOrigins.join(', '),
      hint: 'With commas between: https://app.example, or https://*.example for all below it. Empty: none.' })],
    submitLabel: 'Save origins',
    onSubmit: async ({ corsOrigins }) => {
      await api.patch('/api/shop',
        { corsOrigins: corsOrigins.split(',').map((one) => one.trim()).filter(Boolean) })
      toast('Origins are saved')
    },
  })
}

function supportForm(api, shop, onDone) {
  return form({
    fields: [selectField({ name: 'refusesSupport', label: 'May operators come in?',
      options: [['false', 'Yes, with a reason, for a while'], ['true', 'No']], value: String(shop.refusesSupport),
      hint: 'Those who are inside are sent out when you choose no.' })],
    submitLabel: 'Save access',
    onSubmit: async ({ refusesSupport }) => {
      await api.patch('/api/shop', { refusesSupport: refusesSupport === 'true' })
      toast('Access is saved')
      onDone()
    },
  })
}
