// How fast people move to releases: a line for each release, by days since it was first seen.

import { gapsBetween, shareOrRate } from "./series.js"
import { DAY } from "./units.js"

/**
 * `document`: the answer of /api/adoption. The time of a point is its day in seconds: the first sight of each release is 0.
 * `share`: percent of all versions' downloads, otherwise the mean downloads a day.
 */
export function adoptionSeries(document, { share }) {
  return document.releases.map(({ name, windows, downloads, shares }) => {
    const values = share ? shares : downloads.map((count, day) => (count === null ? null : count / windows[day]))
    const known = values.flatMap((value, day) => (value === null ? [] : [day]))
    const x = Float64Array.from(known, (day) => day * DAY)
    const end = (values.length - 1) * DAY
    return {
      name,
      x,
      y: Float64Array.from(known, (day) => values[day]),
      gaps: gapsBetween(x, [], end),
      end,
      dateOf: (point) => age(x[point]),
      momentName: age,
      absence: (moment) => (moment > end ? "not so old yet" : "no data"),
      ...shareOrRate(share),
    }
  })
}

/** "1 day after the first sight" */
function age(moment) {
  const days = Math.max(Math.round(moment / DAY), 0)
  return `${days} ${days === 1 ? "day" : "days"} after the first sight`
}

/** The end of the common axis: that of the oldest release. */
export const adoptionEnd = ({ releases }) => Math.max(1, ...releases.map(({ shares }) => shares.length - 1)) * DAY

/** The labels of the axis. */
export const axisAges = (marks) => marks.map((seconds) => (seconds === 0 ? "0" : `${seconds / DAY} ${seconds === DAY ? "day" : "days"}`))

/** The steps between two labels. */
export const AGE_STEPS = [1, 2, 7, 14, 28, 56].map((days) => days * DAY)
