// Where in the text an error is. Assembler and engine name a token, a position, or an offset in the binary.

/** The line, from 1, that a message names by a token or by a position; undefined if it names none that is there. */
export function lineOfText(text, message) {
  const lines = text.split("\n").map((line) => line.replace(/;;.*/, ""))
  // A missing import is named by two texts; both are on its line. A misspelt name is used after it was declared. An
  // assembler's position may be that of the whole function, so that the token goes first.
  const texts = [...message.matchAll(/"[^"]+"/g)].map(([token]) => token)
  const names = message.match(/\$[^\s"'(),;]+/g) ?? []
  const wanted = texts.length > 1 ? texts : names.slice(0, 1)
  const at = wanted.length ? lines.findLastIndex((line) => wanted.every((token) => hasToken(line, token))) : -1
  if (at >= 0) return at + 1
  const position = Number(/\bat (\d+):\d+/.exec(message)?.[1] ?? NaN)
  return position <= lines.length ? position : undefined
}

/** Whether a line has a token as a whole: `$log` is not in `$logs`. */
const hasToken = (line, token) => (token.startsWith('"') ? line.includes(token) : line.split(/[\s()]+/).includes(token))

/**
 * The line of the instruction at the offset that an engine's error names.
 *
 * No table leads from the binary back to the text. But a `nop` at the beginning of a line moves whatever comes after it:
 * what two binaries have in common, from their ends, begins at the instruction of that line.
 */
export function lineOfOffset(text, binary, error, assemble) {
  const named = /wasm-function\[\d+\]:0x([0-9a-f]+)/.exec(error.stack ?? "")
  const offset = named ? parseInt(named[1], 16) : Number(/@\+(\d+)/.exec(error.message)?.[1] ?? NaN)
  if (Number.isNaN(offset)) return undefined
  const lines = text.split("\n")
  let found
  lines.forEach((line, index) => {
    if (!/^\s*\(?[a-z]/.test(line)) return
    const moved = assembled([...lines.slice(0, index), ` nop ${line}`, ...lines.slice(index + 1)].join("\n"), assemble)
    if (!moved) return
    let common = 0
    while (common < binary.length && binary.at(-1 - common) === moved.at(-1 - common)) common++
    if (binary.length - common <= offset) found = index + 1
  })
  return found
}

/** `undefined` where no instruction may stand. */
function assembled(text, assemble) {
  try {
    return assemble(text)
  } catch {
    return undefined
  }
}
