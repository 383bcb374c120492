// Days, weeks and months: the units in which downloads are summed up. Weeks begin on Mondays, and all days are UTC's.

export const DAY = 86_400

/** Days shown at most in this unit, unless another one is chosen: more bars of days, or of weeks, look like a comb. */
const MAX_DAYS = { day: 120, week: 1_100 }

/** The unit in which a span of so many seconds is shown. */
export const unitFor = (seconds) => Object.keys(MAX_DAYS).find((unit) => seconds <= MAX_DAYS[unit] * DAY) ?? "month"

/** The beginning and the end of the unit that has the moment, in seconds. */
export function unitAround(unit, moment) {
  const day = Math.floor(moment / DAY)
  if (unit === "month") {
    const date = new Date(day * DAY * 1000)
    const month = (count) => Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + count) / 1000
    return { from: month(0), to: month(1) }
  }
  // The first day of 1970 was a Thursday.
  const from = unit === "week" ? Math.floor((day + 3) / 7) * 7 - 3 : day
  return { from: from * DAY, to: (from + (unit === "week" ? 7 : 1)) * DAY }
}

/**
 * The days from `start` in buckets of the unit. Each has the indexes of its first and its last day, its span within these
 * days, the number of its days until `until`, and whether it is not over then.
 */
export function* bucketsOf(unit, start, count, until) {
  let index = 0
  while (index < count) {
    const { from, to } = unitAround(unit, start + index * DAY)
    const last = Math.min(Math.round((to - start) / DAY), count) - 1
    yield {
      first: index,
      last,
      from: Math.max(from, start),
      to: Math.min(to, start + (last + 1) * DAY),
      of: Math.round((Math.min(to, Math.max(until, from)) - from) / DAY),
      isOpen: to >= until,
    }
    index = last + 1
  }
}

/** The last day of a span that ends at midnight. */
export const lastDayOf = ({ to }) => to - DAY
