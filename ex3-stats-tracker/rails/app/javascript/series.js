// Series as the server sends them, small, and as the charts draw them, fast.

const DAY = 86_400

/** Differences to the one before → the values. Typed arrays, because there can be 100 000 of them. */
export function decode(differences) {
  const values = new Float64Array(differences.length)
  let value = 0
  for (let index = 0; index < differences.length; index++) {
    value += differences[index]
    values[index] = value
  }
  return values
}

/**
 * Several series on one time axis, as uPlot wants them: `undefined` where another series has a point and this one has
 * none, `null` where this one has a gap.
 */
export function align(series) {
  if (series.length === 1) return [series[0].x, series[0].y]
  const moments = new Set()
  for (const { x } of series) for (const moment of x) moments.add(moment)
  const axis = Float64Array.from(moments).sort()
  const columns = series.map(({ x, y }) => {
    const column = new Array(axis.length)
    let next = 0
    for (let index = 0; index < axis.length; index++) {
      if (next < x.length && x[next] === axis[index]) column[index] = y[next++]
    }
    return column
  })
  return [axis, ...columns]
}

/** Totals: points in time, with gaps between some of them. */
export function totals({ name, at, totals, gaps = [], failures = [] }) {
  return {
    name,
    x: decode(at),
    y: decode(totals),
    gaps: gaps.map(([from, to]) => ({ from, to })),
    failures,
    unsettled: null,
  }
}

/** Downloads a day: every day from the first to the last, `null` where nobody knows. */
export function daily({ name, first, counts, unsettled = null, failures = [] }) {
  const gaps = []
  const x = new Float64Array(counts.length)
  counts.forEach((count, index) => {
    // The middle of the day, so that its bar is as wide as the day.
    x[index] = first + index * DAY + DAY / 2
    if (count !== null) return
    const from = first + index * DAY
    const open = gaps.at(-1)
    if (open?.to === from) open.to = from + DAY
    else gaps.push({ from, to: from + DAY })
  })
  return { name, x, y: counts, gaps, failures, unsettled }
}

/** The gap that `moment` is in, if it is in one. */
export function gapAt(series, moment) {
  return series.gaps.find(({ from, to }) => moment > from && moment < to)
}

/** The index of the point nearest to `moment` in ascending `x`. */
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
