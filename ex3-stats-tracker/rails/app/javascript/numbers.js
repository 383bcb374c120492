// Figures and times as the pages write them: exact, in English, in UTC, whatever the browser's language is.

const EXACT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })
const SHORT = new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: 3 })
const PERCENT = new Intl.NumberFormat("en-US", { style: "percent", maximumSignificantDigits: 3, signDisplay: "exceptZero" })

/** 103713626 → "103,713,626" */
export const exact = (number) => EXACT.format(number)

/** The numbers along an axis. As many digits as tell the marks apart: 7,594M and 7,596M, not twice 7.59B. */
export function axisNumbers(marks) {
  const known = marks.filter((mark) => mark !== null)
  if (new Set(known.map(SHORT.format)).size === known.length) return marks.map(shortOrNothing(SHORT))
  const largest = Math.max(...known.map(Math.abs))
  const nearest = Math.min(...known.slice(1).map((mark, index) => Math.abs(mark - known[index])))
  const digits = Math.min(15, Math.ceil(Math.log10(largest / nearest)) + 2)
  return marks.map(shortOrNothing(new Intl.NumberFormat("en-US", { notation: "compact", maximumSignificantDigits: digits })))
}

const shortOrNothing = (format) => (mark) => (mark === null ? null : format.format(mark))

export const percent = (ratio) => PERCENT.format(ratio)

/** Seconds since 1970 → "2026-05-10" */
export const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10)

/** Seconds since 1970 → "2026-05-10 12:00 UTC" */
export const moment = (seconds) => `${new Date(seconds * 1000).toISOString().slice(0, 16).replace("T", " ")} UTC`
