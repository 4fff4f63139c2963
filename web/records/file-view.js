import { button } from '../components/button.js'
import { element } from '../dom.js'
import { bytes } from '../format.js'

const pictures = ['image/png', 'image/jpeg', 'image/gif', 'image/webp']
/** Larger pictures are only linked: the page asks for them with the shop’s name, and holds them in memory. */
const shownBytes = 8 * 1024 * 1024

/** An uploaded file as a person sees it: its picture where it is one, its name to download it by, its size. */
export function fileView(shop, id) {
  const place = element('span', { class: 'file-view' }, element('code', {}, id))
  fill(place, shop, id)
  return place
}

async function fill(place, shop, id) {
  const file = await shop.get(`/api/files/${encodeURIComponent(id)}`).catch(() => null)
  if (!file) return
  const download = button({ label: file.name, quiet: true, small: true, icon: 'download',
    onClick: () => save(shop, file) })
  download.setAttribute('aria-label', `Download ${file.name}`)
  place.replaceChildren(download, element('span', { class: 'sub' }, `${file.type}, ${bytes(file.bytes)}`))
  if (!pictures.includes(file.type) || file.bytes > shownBytes) return
  const source = await read(shop, file).then(dataAddress).catch(() => null)
  if (source) place.prepend(element('img', { class: 'file-picture', src: source, alt: file.name }))
}

const read = (shop, { id, type }) => shop.download(`/api/files/${encodeURIComponent(id)}/content`, type)

async function save(shop, file) {
  const link = element('a', { href: URL.createObjectURL(await read(shop, file)), download: file.name })
  link.click()
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}

// The page’s policy shows pictures of its own address and of data addresses only.
function dataAddress(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result)
    reader.onerror = () => reject(reader.error)
    reader.readAsDataURL(blob)
  })
}
