// The formats of figures and times, as in the server's pages: exact, in English and in UTC, with any browser language.

const EXACT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 })

/** 103713626 → "103,713,626" */
export const exact = (number) => EXACT.format(number)

/** The labels of a numeric axis, with enough digits to differ: 7,594M and 7,596M, not twice 7.59B. */
export function axisNumbers(marks) {
  const known = marks.filter((mark) => mark !== null)
  if (new Set(known.map(SHORT.format)).size === known.length) return marks.map(shortOrNothing(SHORT))
  const largest = Math.max(...known.map(Math.abs))
  const nearest = Math.min(...known.slice(1).map((mark, index) => Math.abs(mark - known[index])))
  const digits = Math.min(15, Math.ceil(Math.log10(largest / nearest)) + 2)
  return marks.map(shortOrNothing(new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: digits })))
}

const shortOrNothing = (format) => (mark) => (mark === null ? null : format.format(mark))

/** Seconds since 1970 → "2026-05-10" */
export const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10)

const MONTH = new Intl.DateTimeFormat("en-US", { month: "short", timeZone: "UTC" })

/** The labels of a time axis, each year once, below its first label. `step`: seconds between two labels. */
export function axisDays(marks, step) {
  let year
  return marks.map((seconds) => {
    const date = new Date(seconds * 1000)
    const month = MONTH.format(date)
    const word = step >= 360 * 86_400 ? "" : step >= 28 * 86_400 ? month : step >= 86_400 ? `${date.getUTCDate()} ${month}` : date.toISOString().slice(11, 16)
    const below = step < 86_400 ? `${date.getUTCDate()} ${month}` : String(date.getUTCFullYear())
    if (word === "") return below
    const isNew = below !== year
    year = below
    return isNew ? `${word}\n${below}` : word
  })
}
