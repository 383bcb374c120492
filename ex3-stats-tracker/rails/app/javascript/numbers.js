// The formats of figures and times, as in the server's pages: exact, in English and in UTC, with any browser language.

import { DAY } from "./units.js"

const EXACT = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 })

/** 103713626 → "103,713,626" */
export const exact = (number) => EXACT.format(number)

const POWERS = [[1e12, "T"], [1e9, "B"], [1e6, "M"], [1e3, "K"]]
/** More digits of a 64-bit number are noise of its division. */
const DIGITS = 14

/** The labels of a numeric axis. They are exact, so that equal steps have equal differences: 1.975B, 2B, 2.025B. */
export const axisNumbers = (marks) => marks.map((mark) => (mark === null ? null : short(mark)))

function short(number) {
  const [power, letter] = POWERS.find(([power]) => Math.abs(number) >= power) ?? [1, ""]
  return `${Number((number / power).toPrecision(DIGITS))}${letter}`
}

/** 41.234 → "41.2 %" */
export const percent = (share) => `${share.toFixed(1).replace(/\.0$/, "")} %`

/** Seconds since 1970 → "2026-05-10" */
export const day = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10)

const MONTH = new Intl.DateTimeFormat("en-US", { month: "short", timeZone: "UTC" })

/** The steps of an axis of dates in seconds. uPlot takes 30 days for a month and 365 for a year. Figures are of whole days. */
export const DAY_STEPS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 15, 30, 60, 90, 120, 180, 365, 730, 1825, 3650].map((days) => days * DAY)

/** The steps of an axis of counts: whole numbers. */
export const COUNT_STEPS = Array.from({ length: 16 }, (_, power) => [1, 2, 2.5, 5].map((step) => step * 10 ** power)).flat().filter(Number.isInteger)

/** The labels of a time axis, each year once, below its first label. `step`: seconds between two labels. */
export function axisDays(marks, step) {
  let year
  return marks.map((seconds) => {
    const date = new Date(seconds * 1000)
    const month = MONTH.format(date)
    const word = step >= 360 * DAY ? "" : step >= 28 * DAY ? month : `${date.getUTCDate()} ${month}`
    const below = String(date.getUTCFullYear())
    if (word === "") return below
    const isNew = below !== year
    year = below
    return isNew ? `${word}\n${below}` : word
  })
}
