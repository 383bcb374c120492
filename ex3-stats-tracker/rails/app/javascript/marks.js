// What is drawn beside the figures: where there are none, when reading failed, which day is still being counted.

/** Below this many CSS pixels two crosses can't be told apart. */
const CROSS_SPACE = 7
const CROSS = 3.5
/** A gap too narrow to see is drawn this wide. */
const NARROWEST = 2
const LANE = 5

/** uPlot's hooks that draw under the series: the gaps and the unsettled day. */
export function drawGaps(chart) {
  return (plot) => {
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    const { palette, series } = chart
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    ctx.clip()
    chart.drawnGaps = 0
    series.forEach((one, index) => {
      if (!plot.series[index + 1].show) return
      for (const gap of one.gaps) {
        const span = visibleSpan(plot, gap.from, gap.to, ratio)
        if (!span) continue
        chart.drawnGaps++
        if (series.length === 1) {
          hatch(ctx, span.left, bbox.top, span.width, bbox.height, palette.gap, palette["gap-line"], ratio)
          label(ctx, "no data", span, bbox.top, palette, ratio)
        } else {
          // Gaps of several packages lie over each other: each has a lane of its own in its colour.
          const top = bbox.top + bbox.height - (series.length - index) * LANE * ratio
          hatch(ctx, span.left, top, span.width, (LANE - 1) * ratio, palette.surface, palette.series[index], ratio)
        }
      }
    })
    const unsettled = series.find((one) => one.unsettled !== null)?.unsettled
    if (unsettled) {
      const span = visibleSpan(plot, unsettled.from, unsettled.to, ratio)
      if (span) {
        ctx.fillStyle = palette.unsettled
        ctx.fillRect(span.left, bbox.top, span.width, bbox.height)
        label(ctx, "still counting", span, bbox.top, palette, ratio)
      }
    }
    ctx.restore()
  }
}

/** uPlot's hook that draws over the series: a cross on the time axis for each failure. */
export function drawFailures(chart) {
  return (plot) => {
    const { ctx, bbox } = plot
    const ratio = devicePixelRatio
    const bottom = bbox.top + bbox.height
    ctx.save()
    ctx.beginPath()
    ctx.rect(bbox.left - CROSS * ratio, bbox.top, bbox.width + 2 * CROSS * ratio, bbox.height + 2 * CROSS * ratio)
    ctx.clip()
    ctx.lineWidth = 1.5 * ratio
    ctx.lineCap = "round"
    chart.drawnFailures = 0
    chart.series.forEach((one, index) => {
      if (!plot.series[index + 1].show) return
      ctx.strokeStyle = chart.series.length === 1 ? chart.palette.danger : chart.palette.series[index]
      const middle = bottom - (chart.series.length === 1 ? 0 : (chart.series.length - index - 0.5) * LANE * ratio)
      let drawnUpTo = -Infinity
      ctx.beginPath()
      for (const { at } of one.failures) {
        if (at < plot.scales.x.min || at > plot.scales.x.max) continue
        const x = plot.valToPos(at, "x", true)
        if (x - drawnUpTo < CROSS_SPACE * ratio) continue
        drawnUpTo = x
        chart.drawnFailures++
        const arm = CROSS * ratio
        ctx.moveTo(x - arm, middle - arm)
        ctx.lineTo(x + arm, middle + arm)
        ctx.moveTo(x - arm, middle + arm)
        ctx.lineTo(x + arm, middle - arm)
      }
      ctx.stroke()
    })
    ctx.restore()
  }
}

/** For a series' `gaps`: the line is interrupted there, whatever the points say. */
export function interrupt(series) {
  return (plot, _index, _first, _last, gaps) => {
    for (const { from, to } of series.gaps) {
      const span = visibleSpan(plot, from, to, devicePixelRatio)
      if (span) gaps.push([span.left, span.left + span.width])
    }
    return gaps.sort(([one], [other]) => one - other)
  }
}

/** In canvas pixels, or nothing where it lies beside what is shown. */
function visibleSpan(plot, from, to, ratio) {
  const { min, max } = plot.scales.x
  if (to <= min || from >= max) return null
  const left = plot.valToPos(Math.max(from, min), "x", true)
  const right = plot.valToPos(Math.min(to, max), "x", true)
  return { left, width: Math.max(right - left, NARROWEST * ratio) }
}

function hatch(ctx, left, top, width, height, ground, line, ratio) {
  ctx.save()
  ctx.beginPath()
  ctx.rect(left, top, width, height)
  ctx.clip()
  ctx.fillStyle = ground
  ctx.fillRect(left, top, width, height)
  ctx.strokeStyle = line
  ctx.lineWidth = ratio
  const step = 7 * ratio
  ctx.beginPath()
  // The lines stand still while the gap's edges move: they are counted from the plot's corner.
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
