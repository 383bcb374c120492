// The charts' colours are the page's: canvas can't read custom properties, so they are read for it.

const NAMES = ["text", "text-quiet", "line", "surface", "danger", "gap", "gap-line", "unsettled"]
const SERIES = 8

/** How many series can be told apart by colour and dashes. */
export const DASHES = [[], [], [], [], [7, 4], [7, 4], [2, 3], [2, 3]]

export function readPalette(element) {
  const style = getComputedStyle(element)
  const palette = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))
  palette.series = Array.from({ length: SERIES }, (_, index) => style.getPropertyValue(`--series-${index + 1}`).trim())
  palette.font = `12px ${style.fontFamily}`
  return palette
}

/** Calls `listener` whenever the reader's system turns light or dark. */
export function onPaletteChange(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener)
}
