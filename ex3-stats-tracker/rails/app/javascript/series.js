// Converts a column of days, as the server sends it, to a series that a chart can draw fast.

export const DAY = 86_400

const MAX_DAILY_INTERVAL = 1.5 * DAY
const INTERVALS_BESIDE = 3

/**
 * A series from a column with a number or `null` for each day: the known days, each at noon, and the gaps between them.
 * Times are in seconds. Typed arrays hold the points, because there may be 100 000 of them.
 *
 * `document`: the answer of /api/chart. `column`: one of its columns. `until`: the end of the time axis.
 */
export function series(name, document, column, until, { continuous }) {
  const first = Date.parse(`${document.from}T00:00:00Z`) / 1000
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
  const failures = (document.failures ?? []).map(([index, times, kind]) => ({ at: noon(index), times, kind }))
  return {
    name,
    x,
    y,
    gaps: continuous ? gapsBetween(x, failures, until) : missingDays(known.subarray(0, count), first),
    failures,
    unsettled: (document.unsettled ?? []).map((index) => ({ from: first + index * DAY, to: first + (index + 1) * DAY })),
    fell: new Set((document.fell ?? []).map(noon)),
    stale: new Map((document.stale ?? []).map(([index, packages]) => [noon(index), packages])),
  }
}

/**
 * The gaps of a line: between two totals with a failure between them, between two that are much further apart than their
 * neighbours, and after the last one. A history with one reading a fortnight has few points and no gaps.
 */
function gapsBetween(x, failures, until) {
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
  if (x.length > 0 && until - x.at(-1) > Math.max(MAX_DAILY_INTERVAL, 2 * usualInterval(x, x.length - INTERVALS_BESIDE, x.length - 1))) {
    gaps.push({ from: x.at(-1), to: until })
  }
  if (x.length === 0 && failures.length > 0) gaps.push({ from: failures[0].at, to: until })
  return gaps
}

/** The median of the intervals that end at the points from `first` to `last`; 0 where there are none. */
function usualInterval(x, first, last) {
  const intervals = []
  for (let index = Math.max(first, 1); index <= Math.min(last, x.length - 1); index++) intervals.push(x[index] - x[index - 1])
  return intervals.sort((one, other) => one - other)[intervals.length >> 1] ?? 0
}

/** The gaps of daily counts: each range of days without a count. */
function missingDays(known, first) {
  const gaps = []
  for (let point = 1; point < known.length; point++) {
    if (known[point] - known[point - 1] > 1) {
      gaps.push({ from: first + (known[point - 1] + 1) * DAY, to: first + known[point] * DAY })
    }
  }
  return gaps
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
