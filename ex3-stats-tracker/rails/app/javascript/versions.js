// The downloads of a package's versions, between the days on which their list was read.

import { day } from "./numbers.js"
import { shareOrRate } from "./series.js"
import { DAY, unitAround } from "./units.js"

/**
 * A series for each group of versions: its mean downloads a day between two readings, or its share of all versions'
 * downloads. The total of a version is known on the days of a reading only, so that nothing is known of the days between
 * them but their sum. `document`: the answer of /api/chart with `group`. `unit`: the least time between two readings.
 */
export function versionSeries(document, until, unit, { share }) {
  const { groups } = document
  const first = Date.parse(`${document.from}T00:00:00Z`) / 1000
  const noon = (index) => first + (index + 0.5) * DAY
  const read = readings(groups, first, unit)
  const spans = []
  const gaps = []
  const columns = groups.map(() => [])
  for (let next = 1; next < read.length; next++) {
    const [from, to] = [read[next - 1], read[next]]
    const counts = groups.map(({ totals }) => totals[to] - totals[from])
    // A total fell: what was downloaded is unknown.
    if (counts.some((count) => count < 0)) {
      gaps.push({ from: noon(from), to: noon(to) })
      continue
    }
    spans.push({ from: noon(from), to: noon(to) })
    const sum = counts.reduce((one, other) => one + other, 0)
    counts.forEach((count, group) => columns[group].push(share ? (sum === 0 ? 0 : (count / sum) * 100) : count / (to - from)))
  }
  const last = read.length > 0 ? noon(read.at(-1)) : undefined
  if (last !== undefined && until - last > DAY) gaps.push({ from: last, to: until })
  const x = Float64Array.from(spans, ({ from, to }) => (from + to) / 2)
  return groups.map(({ name, others }, group) => ({
    name,
    others,
    x,
    y: Float64Array.from(columns[group]),
    spans,
    gaps,
    dateOf: (point) => `${day(spans[point].from)} to ${day(spans[point].to)}`,
    ...shareOrRate(share),
  }))
}

/** The indexes of the days with a reading: the first one, and the last one of each day, week or month. */
function readings(groups, first, unit) {
  const read = []
  let until = -Infinity
  groups[0]?.totals.forEach((_, index) => {
    if (groups.some(({ totals }) => totals[index] === null)) return
    const { to } = unitAround(unit, first + index * DAY)
    if (to === until && read.length > 1) read.pop()
    until = to
    read.push(index)
  })
  return read
}

/** The tops of the series when they are stacked, and their bottoms. A hidden series has no height. */
export function stacked(all, shown) {
  let below = new Float64Array(all[0]?.x.length ?? 0)
  const bottoms = []
  const tops = all.map(({ y }, index) => {
    bottoms.push(below)
    below = shown[index] ? y.map((value, point) => value + below[point]) : below
    return below
  })
  return { bottoms, tops }
}
