import { drawing } from './dom.js'

/**
 * A QR code (ISO/IEC 18004) as a drawing: bytes, error correction L, versions 1 to 9, which holds 230 bytes. Always
 * mask 0, which readers accept like any other.
 */
export function qrCode(text) {
  const rows = qrModules(new TextEncoder().encode(text))
  const size = rows.length + 2 * quiet
  const path = rows.flatMap((row, y) => row.map((isDark, x) => (isDark ? `M${x + quiet} ${y + quiet}h1v1h-1z` : '')))
  return drawing('svg', { class: 'qr-code', viewBox: `0 0 ${size} ${size}`, role: 'img', 'aria-label': 'QR code' },
    drawing('rect', { width: size, height: size, fill: '#fff' }), drawing('path', { d: path.join(''), fill: '#000' }))
}

const quiet = 4

// By version at level L: error correction bytes of a block, blocks, data bytes of a block. All blocks are of one size.
const versions = [null, [7, 1, 19], [10, 1, 34], [15, 1, 55], [20, 1, 80], [26, 1, 108], [18, 2, 68], [20, 2, 78],
  [24, 2, 97], [30, 2, 116]]
const alignments = [null, [], [6, 18], [6, 22], [6, 26], [6, 30], [6, 34], [6, 22, 38], [6, 24, 42], [6, 26, 46]]

/** The modules, row by row: true is dark. */
export function qrModules(bytes) {
  const version = versions.findIndex((one) => one && one[1] * one[2] >= bytes.length + 2)
  if (version < 0) throw new RangeError('too long for a QR code of version 9')
  const grid = frame(version)
  fill(grid, codewords(bytes, versions[version]))
  return grid.map((row) => row.map(({ isDark }) => isDark))
}

// --- Bytes

function codewords(bytes, [checkCount, blockCount, dataCount]) {
  const bits = [[4, 4], [bytes.length, 8], ...[...bytes].map((byte) => [byte, 8]), [0, 4]]
    .flatMap(([value, count]) => Array.from({ length: count }, (_, index) => (value >> (count - 1 - index)) & 1))
  const data = []
  for (let index = 0; index < bits.length; index += 8) {
    data.push(bits.slice(index, index + 8).reduce((byte, bit) => byte << 1 | bit, 0))
  }
  for (let pad = 0xEC; data.length < blockCount * dataCount; pad ^= 0xEC ^ 0x11) data.push(pad)
  const blocks = Array.from({ length: blockCount }, (_, index) => (
    data.slice(index * dataCount, (index + 1) * dataCount)))
  return [...interleaved(blocks), ...interleaved(blocks.map((block) => checkBytes(block, checkCount)))]
}

const interleaved = (blocks) => blocks[0].flatMap((_, index) => blocks.map((block) => block[index]))

// Reed-Solomon over GF(256) with x^8 + x^4 + x^3 + x^2 + 1.
function checkBytes(data, count) {
  let divisor = [1]
  for (let index = 0, root = 1; index < count; index += 1, root = times(root, 2)) {
    divisor = [...divisor, 0].map((value, at) => value ^ (at > 0 ? times(divisor[at - 1], root) : 0))
  }
  const rest = [...data, ...new Array(count).fill(0)]
  for (let index = 0; index < data.length; index += 1) {
    const factor = rest[index]
    divisor.forEach((value, at) => { rest[index + at] ^= times(value, factor) })
  }
  return rest.slice(data.length)
}

function times(a, b) {
  let product = 0
  for (let bit = 7; bit >= 0; bit -= 1) {
    product = (product << 1) ^ ((product >> 7) * 0x11D)
    if ((b >> bit) & 1) product ^= a
  }
  return product
}

// --- Modules: null is still free.

function frame(version) {
  const size = 17 + 4 * version
  const grid = Array.from({ length: size }, () => new Array(size).fill(null))
  const set = (x, y, isDark) => {
    if (x >= 0 && y >= 0 && x < size && y < size) grid[y][x] = { isDark: Boolean(isDark) }
  }
  const rings = (centerX, centerY, radius, isLight) => {
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        set(centerX + dx, centerY + dy, !isLight.includes(Math.max(Math.abs(dx), Math.abs(dy))))
      }
    }
  }
  for (let index = 0; index < size; index += 1) {
    set(6, index, index % 2 === 0)
    set(index, 6, index % 2 === 0)
  }
  for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]]) rings(x, y, 4, [2, 4])
  const last = alignments[version].at(-1)
  for (const x of alignments[version]) {
    for (const y of alignments[version]) {
      const isCorner = (x === 6 && y === 6) || (x === 6 && y === last) || (x === last && y === 6)
      if (!isCorner) rings(x, y, 2, [1])
    }
  }
  formatBits(set, size)
  if (version >= 7) versionBits(set, size, version)
  return grid
}

// Level L and mask 0, with their check bits and the standard's mask.
function formatBits(set, size) {
  const bits = (0b01000 << 10 | remainder(0b01000 << 10, 0x537, 10)) ^ 0x5412
  const bit = (index) => (bits >> index) & 1
  for (let index = 0; index < 6; index += 1) set(8, index, bit(index))
  set(8, 7, bit(6))
  set(8, 8, bit(7))
  set(7, 8, bit(8))
  for (let index = 9; index < 15; index += 1) set(14 - index, 8, bit(index))
  for (let index = 0; index < 8; index += 1) set(size - 1 - index, 8, bit(index))
  for (let index = 8; index < 15; index += 1) set(8, size - 15 + index, bit(index))
  set(8, size - 8, true)
}

function versionBits(set, size, version) {
  const bits = version << 12 | remainder(version << 12, 0x1F25, 12)
  for (let index = 0; index < 18; index += 1) {
    const [a, b] = [size - 11 + index % 3, Math.floor(index / 3)]
    set(a, b, (bits >> index) & 1)
    set(b, a, (bits >> index) & 1)
  }
}

function remainder(value, divisor, degree) {
  let rest = value
  for (let bit = 31 - Math.clz32(rest); bit >= degree; bit = 31 - Math.clz32(rest)) rest ^= divisor << (bit - degree)
  return rest
}

// Two columns at a time from the right, up and down in turn; what is left over stays light before the mask.
function fill(grid, bytes) {
  const size = grid.length
  let index = 0
  for (let right = size - 1, isUp = true; right > 0; right -= 2, isUp = !isUp) {
    if (right === 6) right -= 1
    for (let step = 0; step < size; step += 1) {
      const y = isUp ? size - 1 - step : step
      for (const x of [right, right - 1]) {
        if (grid[y][x]) continue
        const bit = ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1
        grid[y][x] = { isDark: (bit ^ ((x + y) % 2 === 0 ? 1 : 0)) === 1 }
        index += 1
      }
    }
  }
}
