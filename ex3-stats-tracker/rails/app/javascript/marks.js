// The marks of a chart: gaps, failures, falls, releases, isolated points, bars that lack something, and the day that is not
// over.

import { barAt } from "./bars.js"
import { nearest } from "./series.js"

/** CSS pixels between two crosses. Closer ones can't be told apart. */
const CROSS_SPACE = 7
const CROSS = 3.5
const SMALL_CROSS = 2.5
/** CSS pixels that a gap is drawn wide at least. */
const MIN_GAP_WIDTH = 2
/** CSS pixels between the names of two releases, and between their marks. */
const RELEASE_SPACE = 8
const RELEASE_MARK_SPACE = 3
/** More lines than this hide the figures: then a release has a short one above the plot. */
const MAX_RELEASE_LINES = 16
/** CSS pixels. With several series each has a lane for its marks below the plot, so that marks do not overlap. */
const LANE = 7

/** uPlot's hooks that draw under the series: the gaps and the unsettled day. */
export function drawGaps(chart) {
  return (plot) => {
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    const { palette, series } = chart
    ctx.save()
    chart.drawnGaps = 0
    const markGap = (span) => {
      hatch(ctx, span.left, bbox.top, span.width, bbox.height, palette.gap, palette["gap-line"], ratio)
      label(ctx, "no data", span, bbox.top, palette, ratio)
    }
    // An empty plot would look like zeros.
    if (series.every(({ x }) => x.length === 0)) {
      chart.drawnGaps = 1
      markGap({ left: bbox.left, width: bbox.width })
      ctx.restore()
      return
    }
    const isCommon = commonGaps(series)
    series.forEach((one, index) => {
      if (!plot.series[index + 1].show) return
      for (const gap of one.gaps) {
        const span = visibleSpan(plot, gap.from, gap.to, ratio)
        if (!span) continue
        chart.drawnGaps++
        if (!isCommon(gap)) {
          const lane = laneOf(chart, index, bbox, ratio)
          hatch(ctx, span.left, lane.top, span.width, lane.height, palette.surface, chart.colourOf(index), ratio)
        } else if (isCommon(gap) === one) markGap(span)
      }
    })
    for (const { from, to, isToday } of series[0]?.unsettled ?? []) {
      // Another package's page of an earlier day may have been read later.
      if (series.length > 1 && !isToday) continue
      const span = visibleSpan(plot, from, to, ratio)
      if (!span) continue
      ctx.fillStyle = palette.unsettled
      ctx.fillRect(span.left, bbox.top, span.width, bbox.height)
      if (isToday) label(ctx, "still counting", span, bbox.top, palette, ratio)
    }
    ctx.restore()
  }
}

/** uPlot's hook that draws over the series: a cross on the time axis for each failure. */
export function drawFailures(chart) {
  return (plot) => {
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    const several = chart.series.length > 1
    const arm = (several ? SMALL_CROSS : CROSS) * ratio
    ctx.save()
    ctx.lineCap = "round"
    chart.drawnFailures = 0
    chart.series.forEach((one, index) => {
      if (!plot.series[index + 1].show) return
      const lane = laneOf(chart, index, bbox, ratio)
      const middle = several ? lane.top + lane.height / 2 : bbox.top + bbox.height
      let drawnUpTo = -Infinity
      ctx.beginPath()
      for (const { at } of one.failures) {
        if (at < plot.scales.x.min || at > plot.scales.x.max) continue
        const x = plot.valToPos(at, "x", true)
        if (x - drawnUpTo < CROSS_SPACE * ratio) continue
        drawnUpTo = x
        chart.drawnFailures++
        ctx.moveTo(x - arm, middle - arm)
        ctx.lineTo(x + arm, middle + arm)
        ctx.moveTo(x - arm, middle + arm)
        ctx.lineTo(x + arm, middle - arm)
      }
      // An outline in the background's colour separates the crosses from bars.
      ctx.strokeStyle = chart.palette.surface
      ctx.lineWidth = 4 * ratio
      ctx.stroke()
      ctx.strokeStyle = several ? chart.colourOf(index) : chart.palette.danger
      ctx.lineWidth = 1.5 * ratio
      ctx.stroke()
    })
    ctx.restore()
  }
}

/** uPlot's hook that hatches the bars of which not everything is known. */
export function drawLacking(chart) {
  return (plot) => {
    chart.drawnLacking = 0
    const [{ partial, days, spans }] = chart.series.length === 1 && chart.bars ? chart.series : [{}]
    if (!spans || !partial) return
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    spans.forEach(({ from, to }, point) => {
      const isWhole = partial[point] === 0 && days[point].known >= days[point].of
      if (isWhole || to <= plot.scales.x.min || from >= plot.scales.x.max) return
      const { left, top, width, height } = barAt(plot, chart, 0, point)
      if (height <= 0) return
      chart.drawnLacking++
      hatch(ctx, left, top, width, height, null, chart.palette.surface, ratio)
    })
    ctx.restore()
  }
}

/** uPlot's hook that draws a line for each day on which releases were first seen, with their name where there is room. */
export function drawReleases(chart) {
  return (plot) => {
    const { ctx, bbox, scales } = plot
    const ratio = devicePixelRatio
    const shown = (chart.releases ?? []).filter(({ at }) => at >= scales.x.min && at <= scales.x.max)
    const length = shown.length > MAX_RELEASE_LINES ? 0 : bbox.height
    ctx.save()
    ctx.font = chart.palette.font.replace("12px", `${11 * ratio}px`)
    ctx.textBaseline = "bottom"
    ctx.textAlign = "left"
    ctx.lineWidth = ratio
    ctx.strokeStyle = ctx.fillStyle = chart.palette["text-quiet"]
    chart.drawnReleases = 0
    let markedFrom = Infinity
    let namedFrom = bbox.left + bbox.width + 16 * ratio
    // The newest one comes first: its name is the one to have.
    for (const { at, names } of [...shown].reverse()) {
      const x = Math.round(plot.valToPos(at, "x", true)) + 0.5 * ratio
      if (markedFrom - x < RELEASE_MARK_SPACE * ratio) continue
      markedFrom = x
      chart.drawnReleases++
      ctx.setLineDash([2 * ratio, 3 * ratio])
      ctx.beginPath()
      ctx.moveTo(x, bbox.top - 5 * ratio)
      ctx.lineTo(x, bbox.top + length)
      ctx.stroke()
      const name = names.length === 1 ? names[0] : `${names.length} releases`
      const width = ctx.measureText(name).width
      const left = Math.min(x - 3 * ratio, namedFrom - width)
      // A name that would not touch its own line is left out; the readout has it.
      if (left + width < x - 2 * ratio || left < bbox.left - 4 * ratio) continue
      ctx.fillText(name, left, bbox.top - 5 * ratio)
      namedFrom = left - RELEASE_SPACE * ratio
    }
    ctx.restore()
  }
}

/** uPlot's hook that draws points which a line does not show: between two gaps, of the unsettled day, and of falls. */
export function drawPoints(chart) {
  return (plot) => {
    if (chart.bars) return
    const { ctx, scales } = plot
    const ratio = devicePixelRatio
    chart.drawnFalls = 0
    ctx.save()
    chart.series.forEach(({ x, y, gaps, fell, unsettled }, index) => {
      if (!plot.series[index + 1].show) return
      const place = (point) => [plot.valToPos(x[point], "x", true), plot.valToPos(y[point], "y", true)]
      const isShown = (point) => x[point] >= scales.x.min && x[point] <= scales.x.max
      ctx.fillStyle = chart.colourOf(index)
      for (const point of isolatedPoints(x, gaps).filter(isShown)) {
        ctx.beginPath()
        ctx.arc(...place(point), 3 * ratio, 0, 2 * Math.PI)
        ctx.fill()
      }
      ctx.strokeStyle = chart.colourOf(index)
      ctx.lineWidth = 1.5 * ratio
      for (const point of unsettled.map(({ from, to }) => nearest(x, (from + to) / 2)).filter(isShown)) {
        ctx.beginPath()
        ctx.arc(...place(point), 3 * ratio, 0, 2 * Math.PI)
        ctx.stroke()
      }
      ctx.fillStyle = chart.palette.danger
      for (const point of [...fell].map((moment) => nearest(x, moment)).filter(isShown)) {
        const [left, top] = place(point)
        const arm = 5 * ratio
        ctx.beginPath()
        ctx.moveTo(left - arm, top - 2.4 * arm)
        ctx.lineTo(left + arm, top - 2.4 * arm)
        ctx.lineTo(left, top - 0.8 * arm)
        ctx.fill()
        chart.drawnFalls++
      }
    })
    ctx.restore()
  }
}

function isolatedPoints(x, gaps) {
  if (x.length === 1) return [0]
  return gaps.slice(0, -1).flatMap((gap, index) => (gap.to === gaps[index + 1].from ? [nearest(x, gap.to)] : []))
}

/** A function for uPlot's option `gaps`: the line is interrupted at gaps and before an unsettled day. */
export function lineGaps(series) {
  return (plot, _index, _first, _last, gaps) => {
    const drops = series.unsettled.map(({ from, to }) => ({ from: series.x[nearest(series.x, from) - 1] ?? from, to }))
    for (const { from, to } of [...series.gaps, ...drops]) {
      const span = visibleSpan(plot, from, to, devicePixelRatio)
      if (span) gaps.push([span.left, span.left + span.width])
    }
    return gaps.sort(([one], [other]) => one - other)
  }
}

/** The height of all lanes in CSS pixels; 0 where no series has a mark for its lane. */
export function lanesHeight(series) {
  if (series.length === 1) return 0
  const isCommon = commonGaps(series)
  const isNeeded = series.some(({ gaps, failures }) => failures.length > 0 || gaps.some((gap) => !isCommon(gap)))
  return isNeeded ? series.length * LANE : 0
}

/** The position of a series' lane, between the plot and the time axis. */
function laneOf({ series }, index, bbox, ratio) {
  const top = bbox.top + bbox.height + (index * LANE + 3) * ratio
  return { top, height: series.length > 1 ? (LANE - 2) * ratio : 0 }
}

/** A function that returns, for a gap that all series of that time have, the one series that draws it; otherwise `false`. */
function commonGaps(series) {
  const lacks = (one, { from, to }) => one.gaps.some((other) => other.from === from && other.to === to)
  const isBeside = ({ x }, { from, to }) => x.length === 0 || x[0] >= to || x.at(-1) <= from
  const owners = new Map()
  for (const gap of series.flatMap(({ gaps }) => gaps)) {
    const key = `${gap.from} ${gap.to}`
    if (owners.has(key)) continue
    const isCommon = series.every((one) => lacks(one, gap) || isBeside(one, gap))
    owners.set(key, isCommon && series.find((one) => lacks(one, gap)))
  }
  return ({ from, to }) => owners.get(`${from} ${to}`)
}

/** A span's position in canvas pixels; `null` where it is outside of the view. */
function visibleSpan(plot, from, to, ratio) {
  const { min, max } = plot.scales.x
  if (to <= min || from >= max) return null
  const left = plot.valToPos(Math.max(from, min), "x", true)
  const right = plot.valToPos(Math.min(to, max), "x", true)
  return { left, width: Math.max(right - left, MIN_GAP_WIDTH * ratio) }
}

/** Diagonal lines over a ground; `null` for none. */
function hatch(ctx, left, top, width, height, ground, line, ratio) {
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  if (ground) {
    ctx.fillStyle = ground
    ctx.fillRect(left, top, width, height)
  }
  ctx.strokeStyle = line
  ctx.lineWidth = ratio
  const step = 7 * ratio
  ctx.beginPath()
  // The lines start at multiples of the step, so that they do not move with the gap's edges.
  for (let x = Math.floor((left - height) / step) * step; x < left + width; x += step) {
    ctx.moveTo(x, top + height)
    ctx.lineTo(x + height, top)
  }
  ctx.stroke()
  ctx.restore()
}

function label(ctx, text, { left, width }, top, palette, ratio) {
  ctx.font = palette.font.replace("12px", `${11 * ratio}px`)
  const textWidth = ctx.measureText(text).width
  if (textWidth + 8 * ratio > width) return
  ctx.textAlign = "center"
  ctx.textBaseline = "middle"
  const middle = top + 12 * ratio
  ctx.fillStyle = palette.surface
  ctx.fillRect(left + (width - textWidth) / 2 - 4 * ratio, middle - 8 * ratio, textWidth + 8 * ratio, 16 * ratio)
  ctx.fillStyle = palette["text-quiet"]
  ctx.fillText(text, left + width / 2, middle)
}
