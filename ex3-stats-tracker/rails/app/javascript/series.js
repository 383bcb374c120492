// Converts a column of days, as the server sends it, to a series that a chart can draw fast.

import { exact, percent } from "./numbers.js"
import { bucketsOf, DAY } from "./units.js"

export { DAY }

const MAX_DAILY_INTERVAL = 1.5 * DAY
const INTERVALS_BESIDE = 3

/**
 * A line's series from a column with a total or `null` for each day: the known days, each at noon, and the gaps between
 * them. Times are in seconds. Typed arrays hold the points, because there may be 100 000 of them.
 *
 * `document`: the answer of /api/chart. `column`: one of its columns. `until`: the end of the time axis.
 */
export function totalsSeries(name, document, column, until) {
  const first = startOf(document)
  const noon = (index) => first + (index + 0.5) * DAY
  const known = new Uint32Array(column.length)
  let count = 0
  column.forEach((value, index) => {
    if (value !== null) known[count++] = index
  })
  const x = new Float64Array(count)
  const y = new Float64Array(count)
  for (let point = 0; point < count; point++) {
    x[point] = noon(known[point])
    y[point] = column[known[point]]
  }
  const failures = failuresOf(document, noon)
  return {
    name,
    x,
    y,
    gaps: gapsBetween(x, failures, until),
    failures,
    unsettled: [],
    fell: new Set((document.fell ?? []).map(noon)),
    stale: new Map((document.stale ?? []).map(([index, packages]) => [noon(index), packages])),
    imported: new Map((document.imported ?? []).map((index) => [noon(index), document.package ? "imported" : "with imported totals"])),
  }
}

/**
 * A series of downloads in each day, week or month: the sums of the known days, each at the middle of its `spans`, and the
 * gaps. `partial`: for each point the number of packages of which not everything is known. `days`: for each point how many
 * of its days are known.
 */
export function downloadsSeries(name, document, until, unit) {
  const first = startOf(document)
  const counted = new Set(document.unsettled ?? [])
  const lacking = new Map(document.partial ?? [])
  const points = []
  const gaps = []
  const unsettled = []
  for (const bucket of bucketsOf(unit, first, document.downloads.length, until)) {
    let sum = 0
    let known = 0
    let partial = 0
    for (let index = bucket.first; index <= bucket.last; index++) {
      const count = document.downloads[index]
      if (count === null) continue
      sum += count
      known++
      partial = Math.max(partial, lacking.get(index) ?? 0)
    }
    const isOpen = unit === "day" ? counted.has(bucket.first) : bucket.isOpen
    if (known > 0) points.push({ ...bucket, sum, known, partial })
    else if (gaps.length > 0 && gaps.at(-1).to === bucket.from) gaps.at(-1).to = bucket.to
    else if (points.length > 0) gaps.push({ from: bucket.from, to: bucket.to })
    if (isOpen && known > 0) unsettled.push({ from: bucket.from, to: bucket.to, isToday: bucket.to >= until })
  }
  // The axis goes on to today, also where nothing was read lately.
  const last = Math.max(points.at(-1)?.to ?? until, gaps.at(-1)?.to ?? 0)
  if (last < until) gaps.push({ from: last, to: until })
  const noon = (index) => first + (index + 0.5) * DAY
  return {
    name,
    x: Float64Array.from(points, ({ from, to }) => (from + to) / 2),
    y: Float64Array.from(points, ({ sum }) => sum),
    spans: points.map(({ from, to }) => ({ from, to })),
    partial: points.map(({ partial }) => partial),
    days: points.map(({ known, of }) => ({ known, of })),
    gaps,
    failures: failuresOf(document, noon),
    unsettled,
    fell: new Set(),
    stale: new Map(),
  }
}

/**
 * The fields of a series whose values are shares in percent, or mean downloads a day. Each value stands for several
 * readings, so that nothing can be said of a single one.
 */
export const shareOrRate = (share) => ({
  unitOfValue: share ? "%" : "",
  wordFor: (value) => (share ? percent(value) : `${exact(value)} a day`),
  failures: [],
  unsettled: [],
  fell: new Set(),
  stale: new Map(),
})

/** The mean of each point and the `count - 1` points before it; `null` where one of these days is unknown or not over. */
export function movingAverage({ x, y, unsettled }, count) {
  const isOver = (moment) => !unsettled.some(({ from, to }) => moment >= from && moment < to)
  let sum = 0
  return Array.from(y, (value, point) => {
    sum += value - (point >= count ? y[point - count] : 0)
    if (point < count - 1 || x[point] - x[point - count + 1] > (count - 0.5) * DAY || !isOver(x[point])) return null
    return sum / count
  })
}

/**
 * The releases of the charts' documents, the oldest first: the day's noon, and the names of the versions that were first
 * seen on it. A name has its package where there are several.
 */
export function releasesOf(documents) {
  const names = new Map()
  for (const document of documents) {
    const first = startOf(document)
    for (const [index, tag, packageName = documents.length > 1 && document.package] of document.releases ?? []) {
      const at = first + (index + 0.5) * DAY
      if (!names.has(at)) names.set(at, [])
      names.get(at).push(packageName ? `${packageName} ${tag}` : tag)
    }
  }
  return [...names].map(([at, names]) => ({ at, names })).sort((one, other) => one.at - other.at)
}

const startOf = ({ from }) => Date.parse(`${from}T00:00:00Z`) / 1000

const failuresOf = (document, noon) => (document.failures ?? []).map(([index, times, kind]) => ({ at: noon(index), times, kind }))

/**
 * The gaps of a line: between two totals with a failure between them, between two that are much further apart than their
 * neighbours, and after the last one. A history with one reading a fortnight has few points and no gaps.
 */
export function gapsBetween(x, failures, until) {
  const gaps = []
  let next = 0
  for (let point = 1; point < x.length; point++) {
    const from = x[point - 1]
    const to = x[point]
    if (to - from <= MAX_DAILY_INTERVAL) continue
    while (next < failures.length && failures[next].at <= from) next++
    const hasFailure = next < failures.length && failures[next].at < to
    // The longer of the usual intervals before and after counts: a change of the schedule is no gap.
    const usual = Math.max(usualInterval(x, point - INTERVALS_BESIDE, point - 1), usualInterval(x, point + 1, point + INTERVALS_BESIDE))
    if (hasFailure || to - from > 2 * usual) gaps.push({ from, to })
  }
  // Nothing is known of the days after the last reading.
  if (x.length > 0 && until - x.at(-1) > DAY) gaps.push({ from: x.at(-1), to: until })
  if (x.length === 0 && failures.length > 0) gaps.push({ from: failures[0].at, to: until })
  return gaps
}

/** The median of the intervals that end at the points from `first` to `last`; 0 where there are none. */
function usualInterval(x, first, last) {
  const intervals = []
  for (let index = Math.max(first, 1); index <= Math.min(last, x.length - 1); index++) intervals.push(x[index] - x[index - 1])
  return intervals.sort((one, other) => one - other)[intervals.length >> 1] ?? 0
}

/** uPlot's aligned data: all series on one time axis, with `undefined` where only another series has a point. */
export function align(all) {
  if (all.length === 1) return [all[0].x, all[0].y]
  const moments = new Set()
  for (const { x } of all) for (const moment of x) moments.add(moment)
  const axis = Float64Array.from(moments).sort()
  const columns = all.map(({ x, y }) => {
    const column = new Array(axis.length)
    let next = 0
    for (let index = 0; index < axis.length; index++) {
      if (next < x.length && x[next] === axis[index]) column[index] = y[next++]
    }
    return column
  })
  return [axis, ...columns]
}

/** The gap that `moment` is in, if it is in one. */
export function gapAt({ gaps }, moment) {
  return gaps.find(({ from, to }) => moment > from && moment < to)
}

/** The index of the point nearest to `moment` in ascending `x`, which is not empty. */
export function nearest(x, moment) {
  let low = 0
  let high = x.length - 1
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (x[middle] < moment) low = middle
    else high = middle
  }
  return moment - x[low] <= x[high] - moment ? low : high
}

/** The interpolated value at `moment`; `null` in a gap, before the first point and after the last. */
export function between(series, moment, { logarithmic }) {
  const { x, y } = series
  if (x.length < 2 || moment < x[0] || moment > x.at(-1) || gapAt(series, moment)) return null
  const near = nearest(x, moment)
  const right = Math.max(x[near] < moment ? near + 1 : near, 1)
  const share = (moment - x[right - 1]) / (x[right] - x[right - 1])
  const [from, to] = [y[right - 1], y[right]]
  return logarithmic && from > 0 && to > 0 ? from * (to / from) ** share : from + (to - from) * share
}
