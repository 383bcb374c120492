// The values of a chart's series at a moment: those of the nearest days, with their dates.

import { day, exact } from "./numbers.js"
import { gapAt, nearest } from "./series.js"
import { DAY, lastDayOf } from "./units.js"

/**
 * What a chart says at `moment`: the date, a text for each series, and the index of each series' point, which is
 * `undefined` where nothing is known. A value of another day than the date has its own date.
 */
export function readingAt(all, moment) {
  const points = all.map((series) => pointAt(series, moment))
  const known = all.flatMap((series, index) => (points[index] === undefined ? [] : [{ series, point: points[index] }]))
  const distance = ({ series, point }) => Math.abs(series.x[point] - moment)
  const near = known.reduce((one, other) => (one && distance(one) <= distance(other) ? one : other), undefined)
  const time = near ? dateOf(near.series, near.point) : (all[0]?.momentName ?? day)(moment)
  const words = all.map((series, index) => {
    if (points[index] === undefined) return absence(series, moment)
    const date = dateOf(series, points[index])
    return wordsOf(series, points[index]) + (date === time ? "" : ` (${date})`)
  })
  return { time, words, points }
}

/** The point that is drawn at `moment`; `undefined` in a gap, before the first point, and after the series' `end`. */
function pointAt(series, moment) {
  const { x, spans, end = Infinity } = series
  if (x.length === 0) return undefined
  const point = nearest(x, moment)
  if (spans) {
    return [point, point - 1, point + 1].find((one) => spans[one] && moment >= spans[one].from && moment <= spans[one].to)
  }
  if (day(x[point]) === day(moment)) return point
  return moment < x[0] || moment > end || gapAt(series, moment) ? undefined : point
}

function absence(series, moment) {
  if (series.absence) return series.absence(moment)
  const { x, spans, failures } = series
  if (x.length === 0) return "never read"
  const failure = failures.find(({ at }) => day(at) === day(moment))
  if (!failure && moment < (spans ? spans[0].from : x[0])) return "not yet tracked"
  return failure ? `no data, ${failure.kind.replaceAll("_", " ")}` : "no data"
}

function wordsOf(series, point) {
  const { x, y, partial, days, unsettled, fell, stale, imported, wordFor } = series
  const at = x[point]
  const staleCount = stale.get(at)
  const { known, of } = days?.[point] ?? {}
  const lacking = partial?.[point]
  const open = unsettled.find(({ from, to }) => at >= from && at < to)
  const notes = [
    open && (open.isToday ? "still counting" : "not over when it was read"),
    known < of && `${known} of ${of} days known`,
    lacking > 0 && `without part of ${lacking} ${packages(lacking)}`,
    imported?.get(at),
    fell.has(at) && "lower than before",
    staleCount && `${staleCount} ${packages(staleCount)} as of an earlier day`,
  ].filter(Boolean)
  return [(wordFor ?? exact)(y[point]), ...notes].join(", ")
}

const packages = (count) => (count === 1 ? "package" : "packages")

/** The point's date, or the first and the last day of its span. */
function dateOf(series, point) {
  if (series.dateOf) return series.dateOf(point)
  const span = series.spans?.[point]
  if (!span || span.to - span.from <= DAY) return day(span ? span.from : series.x[point])
  return `${day(span.from)} to ${day(lastDayOf(span))}`
}
