// A chart for a projector: at most six rows, their names above their dots, on a logarithmic axis; text of 22 px and more on
// a slide of 1024 px, and larger on a wider one.

import { escape } from "./code.mjs"
import { BAD_DATA, Failure } from "./command_line.mjs"

const WIDTH = 944
const LEFT = 330
const RIGHT = 812
const ROW = 50
const TOP = 12
const AXIS = 44
export const MOST_ROWS = 6

/** Decades of nanoseconds as people say them. */
const UNITS = [["ns", 1], ["µs", 1e3], ["ms", 1e6], ["s", 1e9]]

/** `chart`: one of matrix.json's, {name, title, unit, rows: [{label, nanoseconds or value, formatted}]}. Returns SVG. */
export function drawChart({ name, title, unit, rows }) {
  if (rows.length === 0 || rows.length > MOST_ROWS) throw new Failure(BAD_DATA, `matrix.json: the chart ${name} has ${rows.length} rows; a slide shows 1 to ${MOST_ROWS}`)
  const values = rows.map((row) => row.nanoseconds ?? row.value)
  const bad = rows[values.findIndex((value) => !(value > 0 && Number.isFinite(value)))]
  if (bad) throw new Failure(BAD_DATA, `matrix.json: the row ${bad.label} of the chart ${name} has no value above 0`)
  const least = Math.floor(Math.log10(Math.min(...values)))
  const most = Math.max(Math.ceil(Math.log10(Math.max(...values))), least + 1)
  const x = (value) => LEFT + ((Math.log10(value) - least) / (most - least)) * (RIGHT - LEFT)
  const height = TOP + rows.length * ROW + AXIS
  const bottom = TOP + rows.length * ROW

  // Every decade has a line; with many decades only every second one or third one has a name.
  const step = Math.ceil((most - least) / 5)
  const grid = range(least, most).map((power) => {
    const at = x(10 ** power).toFixed(1)
    const named = (power - least) % step === 0
    return `<line class="grid" x1="${at}" x2="${at}" y1="${TOP}" y2="${bottom}"/>` +
      (named ? `<text class="tick" x="${at}" y="${bottom + 30}" text-anchor="middle">${decade(power, unit)}</text>` : "")
  })
  const dots = rows.map(({ label, formatted }, index) => {
    const y = TOP + index * ROW + ROW / 2
    const at = x(values[index])
    return `<text class="label" x="${LEFT - 16}" y="${y + 8}" text-anchor="end">${escape(label)}</text>` +
      `<line class="stem" x1="${LEFT}" x2="${at.toFixed(1)}" y1="${y}" y2="${y}"/>` +
      `<circle class="dot" cx="${at.toFixed(1)}" cy="${y}" r="10"/>` +
      `<text class="value" x="${(at + 20).toFixed(1)}" y="${y + 8}">${escape(formatted)}</text>`
  })
  const words = rows.map(({ label, formatted }) => `${label}: ${formatted}`).join("; ")
  return `<svg class="chart" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escape(`${title}. ${words}`)}">${grid.join("")}${dots.join("")}</svg>`
}

function decade(power, unit) {
  if (!/^(nanoseconds|ns|time)$/.test(unit)) return (10 ** power).toLocaleString("en")
  const value = 10 ** power
  const [name, size] = UNITS.findLast(([, size]) => value >= size) ?? UNITS[0]
  return `${Number((value / size).toPrecision(1))} ${name}`
}

const range = (from, to) => Array.from({ length: to - from + 1 }, (_, index) => from + index)
