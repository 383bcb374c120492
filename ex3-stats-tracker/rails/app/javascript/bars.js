// Bars over spans of time: a week that is not over has a narrower bar.

import uPlot from "uplot"

const AREA = uPlot.paths.linear()
/** Canvas pixels. Narrower bars can't be told apart, and drawing ten thousand of them takes seconds. */
const MIN_BAR_WIDTH = 2
/** The share of a span that is left free beside its bar. */
const SPACE = 0.2

/** A function for uPlot's option `paths`: bars, or an area where they would be too narrow. */
export function barsPath(chart, index) {
  return (plot, seriesIndex, first, last) => {
    if (chart.kind !== "versions" && last - first > plot.bbox.width / MIN_BAR_WIDTH) return AREA(plot, seriesIndex, first, last)
    const { spans } = chart.series[index]
    const fill = new Path2D()
    // uPlot knows the middle of a bar: one that begins in the view may have it outside.
    for (let point = Math.max(first - 1, 0); point <= Math.min(last + 1, spans.length - 1); point++) {
      const { left, top, width, height } = barAt(plot, chart, index, point)
      if (height > 0) fill.rect(left, top, width, height)
    }
    return { stroke: null, fill, clip: null, band: null, gaps: null, flags: 0 }
  }
}

/** The rectangle of a bar in canvas pixels. */
export function barAt(plot, chart, index, point) {
  const { from, to } = chart.series[index].spans[point]
  const start = Math.round(plot.valToPos(from, "x", true))
  const wide = Math.round(plot.valToPos(to, "x", true)) - start
  const space = Math.round(wide * SPACE)
  const bottom = Math.round(plot.valToPos(chart.kind === "versions" ? chart.bottoms[index][point] : plot.scales.y.min, "y", true))
  const top = Math.round(plot.valToPos(chart.data[index + 1][point], "y", true))
  return { left: start + Math.floor(space / 2), top, width: Math.max(wide - space, 1), height: bottom - top }
}
