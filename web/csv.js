const headBytes = 65_536

/** The first rows of a CSV file (RFC 4180), for a look at it: `{ header, rows, isWhole }`. Nothing more is read. */
export async function readHead(file, rowsWanted) {
  const text = await file.slice(0, headBytes).text()
  const isWhole = file.size <= headBytes
  const rows = parse(text.replace(/^\uFEFF/, ''), rowsWanted + 1)
  // The last row of a part of a file may be cut.
  if (!isWhole && rows.length <= rowsWanted) rows.pop()
  const [header = [], ...others] = rows
  return { header: header.map((name) => name.trim()), rows: others, isWhole }
}

/** Rows of cells. Quotes may hold commas and line breaks; two of them mean one. */
export function parse(text, rowsAtMost = Infinity) {
  const rows = []
  let row = []
  let cell = ''
  let isQuoted = false
  const endCell = () => { row.push(cell); cell = '' }
  const endRow = () => { endCell(); rows.push(row); row = [] }
  for (let at = 0; at < text.length && rows.length < rowsAtMost; at += 1) {
    const character = text[at]
    if (isQuoted && character === '"' && text[at + 1] === '"') { cell += '"'; at += 1 }
    else if (character === '"' && (isQuoted || cell === '')) isQuoted = !isQuoted
    else if (isQuoted) cell += character
    else if (character === ',') endCell()
    else if (character === '\n') endRow()
    else if (character !== '\r') cell += character
  }
  if (rows.length < rowsAtMost && (cell !== '' || row.length > 0)) endRow()
  return rows
}
