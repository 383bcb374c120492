// The charts' colours. They are custom properties of the style sheet, which a canvas can't use directly.

const NAMES = ["text", "text-quiet", "line", "line-strong", "surface", "danger", "gap", "gap-line", "unsettled"]
const SERIES = 8

/** The dashes of each series: eight series differ by colour and dashes. */
export const DASHES = [[], [], [], [], [7, 4], [7, 4], [2, 3], [2, 3]]

export function readPalette(element) {
  const style = getComputedStyle(element)
  const palette = Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]))
  palette.series = Array.from({ length: SERIES }, (_, index) => style.getPropertyValue(`--series-${index + 1}`).trim())
  palette.font = `12px ${style.fontFamily}`
  return palette
}

/** Calls `listener` when the system's colour scheme changes between light and dark. */
export function onPaletteChange(listener) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", listener)
}
