// One chart: uPlot with totals as lines, or with daily downloads as bars, or as lines where packages are compared.

import uPlot from "uplot"
import { drawFailures, drawGaps, drawPoints, lineGaps, lanesHeight } from "./marks.js"
import { axisDays, axisNumbers, day, exact } from "./numbers.js"
import { DASHES, onPaletteChange, readPalette } from "./palette.js"
import { align, between, gapAt, nearest } from "./series.js"
import { listen } from "./gestures.js"

export class Chart {
  #plot = null
  #scale = "linear"
  #cursor = null

  /** `figure`: the element. `kind`: "totals", "downloads" or "versions". `series`: from series.js. `view`: the shared View. */
  constructor(figure, kind, series, view) {
    this.figure = figure
    this.kind = kind
    this.series = series
    this.view = view
    this.bars = kind === "downloads" && series.length === 1
    this.data = align(series)
    this.place = figure.querySelector("[data-plot]")
    this.legend = figure.querySelector("[data-legend]")
    this.spoken = figure.querySelector("[data-spoken]")
    this.place.replaceChildren()
    this.#buildLegend()
    this.#draw()
    new ResizeObserver(() => this.#fit()).observe(this.place)
    onPaletteChange(() => this.#draw())
    view.onChange(({ min, max }) => {
      this.#plot.setScale("x", { min, max })
      this.#publishState()
    })
    listen(this)
    figure.chart = this
    figure.dataset.points = this.data[0].length
    this.#publishState()
  }

  get plot() {
    return this.#plot
  }

  get scale() {
    return this.#scale
  }

  set scale(scale) {
    if (scale === this.#scale) return
    this.#scale = scale
    this.#draw()
    this.#publishState()
  }

  /** The cursor's time in seconds, or `null`. */
  get cursor() {
    return this.#cursor
  }

  /** Moves the cursor to the point nearest to `moment`. `announce`: screen readers read it. */
  moveCursor(moment, { announce = false } = {}) {
    this.#cursor = moment
    const left = this.#plot.valToPos(moment, "x")
    this.#plot.setCursor({ left, top: this.#plot.over.clientHeight / 2 })
    if (!announce) return
    const { time, words } = this.#reading(moment)
    const named = words.map((word, index) => (words.length === 1 ? word : `${this.series[index].name}: ${word}`))
    this.spoken.textContent = [time, ...named].join(". ")
  }

  toggle(index) {
    const shown = this.#plot.series[index + 1].show
    this.#plot.setSeries(index + 1, { show: !shown })
  }

  #draw() {
    const shown = this.#plot?.series.slice(1).map(({ show }) => show)
    this.#plot?.destroy()
    this.palette = readPalette(this.figure)
    this.#plot = new uPlot(this.#options(shown), this.data, this.place)
    // The legend, the live region and the table have the same values for screen readers.
    this.#plot.root.setAttribute("aria-hidden", "true")
    this.#showReading(null)
  }

  #fit() {
    const width = this.place.clientWidth
    const height = this.place.clientHeight
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height })
  }

  #options(shown) {
    const { palette, view, bars } = this
    const logarithmic = this.#scale === "log"
    const lanes = lanesHeight(this.series)
    const axis = {
      stroke: palette["text-quiet"],
      font: palette.font,
      grid: { stroke: palette.line, width: 1 },
      ticks: { show: false },
    }
    return {
      width: this.place.clientWidth,
      height: this.place.clientHeight,
      padding: [12, 12, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        bind: { dblclick: () => () => view.showAll() },
        dataIdx: (_plot, index, _nearest, moment) => (index === 0 ? null : this.#indexAt(index - 1, moment)),
        points: { size: 8, show: !bars },
      },
      scales: {
        // The range is not that of the data: the axis ends today, also where nothing was read lately.
        x: { time: true, auto: false, range: () => [view.min, view.max] },
        y: logarithmic
          ? { distr: 3, log: 10, range: (_plot, min, max) => this.#logarithmicRange(...this.#withEdges(min, max)) }
          : { range: (_plot, min, max) => this.#linearRange(...this.#withEdges(min, max)) },
      },
      axes: [
        { ...axis, grid: { show: false }, ticks: { show: true, stroke: palette.line, size: 4, width: 1 }, size: 42 + lanes, gap: 5 + lanes, space: 76, values: (_plot, marks, _axis, _space, step) => axisDays(marks, step) },
        {
          ...axis,
          size: (plot, values) => this.#axisWidth(plot, values),
          gap: 8,
          space: 36,
          values: (_plot, marks) => axisNumbers(marks),
          ...(logarithmic && { splits: (_plot, _axis, min, max) => logarithmicMarks(min, max), filter: (_plot, marks) => marks }),
        },
      ],
      series: [
        {},
        ...this.series.map((series, index) => ({
          label: series.name,
          show: shown?.[index] ?? true,
          stroke: palette.series[index],
          dash: DASHES[index],
          width: bars ? 0 : 2,
          // Rounded to whole pixels, a line that rises slowly would have steps.
          pxAlign: bars ? 1 : 0,
          // With few points they are drawn, so that the line between them is not taken for data.
          points: { size: 5, space: 18, fill: palette.series[index], ...(bars && { show: false }) },
          gaps: lineGaps(series),
          ...(bars && {
            paths: barsOrArea,
            fill: palette.series[index],
            fillTo: (plot) => plot.scales.y.min,
          }),
        })),
      ],
      hooks: {
        drawAxes: [drawGaps(this)],
        draw: [drawPoints(this), drawFailures(this)],
        setSelect: [(plot) => this.#zoomToSelection(plot)],
        setCursor: [(plot) => this.#follow(plot)],
      },
    }
  }

  /** The range of the shown points, and of the lines at the edges of the view. uPlot only counts points. */
  #withEdges(min, max) {
    if (this.bars) return [min, max]
    const shown = this.series.filter((_, index) => this.#plot?.series[index + 1].show ?? true)
    const edges = shown.flatMap((series) => [this.view.min, this.view.max].map((edge) => between(series, edge, { logarithmic: this.#scale === "log" })))
    const values = [min, max, ...edges].filter((value) => value !== null)
    return values.length > 0 ? [Math.min(...values), Math.max(...values)] : [null, null]
  }

  #linearRange(min, max) {
    if (min === null) return [0, 1]
    if (this.kind === "downloads") return [0, max * 1.08 || 1]
    const room = Math.max((max - min) * 0.08, max * 1e-6, 1)
    return [Math.max(0, min - room), max + room]
  }

  #logarithmicRange(min, max) {
    if (min === null || max <= 0) return [1, 10]
    // A logarithmic scale has no zero: a day without downloads is drawn on the axis.
    const least = Math.max(min, 1)
    // The axis of bars begins at a power of ten, so that the lowest bar is visible.
    if (this.bars) return [10 ** Math.floor(Math.log10(least * 0.9)), Math.max(max, 1) * 1.3]
    const room = Math.max((Math.max(max, 1) / least) ** 0.08, 1.001)
    return [least / room, Math.max(max, 1) * room]
  }

  #axisWidth(plot, values) {
    if (!values) return 56
    plot.ctx.save()
    plot.ctx.font = this.palette.font
    const widest = Math.max(...values.map((value) => plot.ctx.measureText(value ?? "").width))
    plot.ctx.restore()
    return Math.ceil(widest) + 20
  }

  #zoomToSelection(plot) {
    const { left, width } = plot.select
    if (width < 6) return
    this.view.show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"))
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  }

  #follow(plot) {
    const left = plot.cursor.left
    const moment = left >= 0 ? plot.posToVal(left, "x") : null
    this.#cursor = moment
    this.#showReading(moment)
  }

  /** The index in the aligned data of a series' point that is nearest to `moment`. */
  #indexAt(index, moment) {
    const series = this.series[index]
    if (series.x.length === 0 || gapAt(series, moment)) return null
    const point = nearest(series.x, moment)
    return this.series.length === 1 ? point : nearest(this.data[0], series.x[point])
  }

  /** The readout at `moment`, or at the newest point: the day, and a text for each series. */
  #reading(moment) {
    const at = moment ?? Math.max(...this.series.map(({ x }) => x.at(-1) ?? -Infinity))
    const words = this.series.map((series) => this.#readout(series, at))
    return { time: Number.isFinite(at) ? day(at) : "", words }
  }

  #readout(series, at) {
    if (series.x.length === 0) return "never read"
    const failure = series.failures.find((one) => day(one.at) === day(at))
    const point = nearest(series.x, at)
    if (day(series.x[point]) !== day(at)) {
      if (at < series.x[0]) return "not yet tracked"
      return failure ? `no data, ${failure.kind.replaceAll("_", " ")}` : "no data"
    }
    const stale = series.stale.get(series.x[point])
    const notes = [
      series.unsettled.some(({ from, to }) => at >= from && at < to) && "still counting",
      series.fell.has(series.x[point]) && "lower than before",
      stale && `${stale} ${stale === 1 ? "package" : "packages"} as of an earlier day`,
    ].filter(Boolean)
    return [exact(series.y[point]), ...notes].join(", ")
  }

  #showReading(moment) {
    const { time, words } = this.#reading(moment)
    this.legend.time.textContent = time
    this.legend.values.forEach((element, index) => (element.textContent = words[index]))
  }

  #buildLegend() {
    const time = document.createElement("span")
    time.className = "legend-time"
    const entries = this.series.map(({ name }, index) => {
      const entry = document.createElement(this.series.length === 1 ? "span" : "button")
      entry.className = "legend-entry"
      const swatch = document.createElement("span")
      swatch.className = `swatch swatch-${index + 1}`
      const label = document.createElement("span")
      label.className = "legend-name"
      label.textContent = name
      const value = document.createElement("span")
      value.className = "legend-value"
      entry.append(swatch, label, value)
      if (this.series.length > 1) {
        entry.type = "button"
        entry.setAttribute("aria-pressed", "true")
        entry.addEventListener("click", () => {
          this.toggle(index)
          entry.setAttribute("aria-pressed", String(this.#plot.series[index + 1].show))
        })
      }
      return { entry, value }
    })
    this.legend.replaceChildren(time, ...entries.map(({ entry }) => entry))
    this.legend.time = time
    this.legend.values = entries.map(({ value }) => value)
  }

  /** Writes the state to data attributes, for style sheets and tests. */
  #publishState() {
    Object.assign(this.figure.dataset, {
      state: "drawn",
      scale: this.#scale,
      from: Math.round(this.view.min),
      to: Math.round(this.view.max),
    })
  }
}

const BARS = uPlot.paths.bars({ size: [0.8, 40, 1] })
const AREA = uPlot.paths.linear()
/** Canvas pixels. Narrower bars can't be told apart, and drawing ten thousand of them takes seconds. */
const MIN_BAR_WIDTH = 2

function barsOrArea(plot, index, first, last) {
  const paths = last - first > plot.bbox.width / MIN_BAR_WIDTH ? AREA : BARS
  return paths(plot, index, first, last)
}

/** 1, 2 and 5 times each power of ten; a linear division where the range is less than one power of ten. */
function logarithmicMarks(min, max) {
  const decades = Math.log10(max / min)
  if (decades < 0.8) {
    const step = 10 ** Math.floor(Math.log10((max - min) / 3))
    const wide = [1, 2, 5, 10].map((factor) => factor * step).find((one) => (max - min) / one <= 6)
    const marks = []
    for (let mark = Math.ceil(min / wide) * wide; mark <= max; mark += wide) marks.push(mark)
    return marks
  }
  const factors = decades < 3 ? [1, 2, 5] : [1]
  const marks = []
  for (let power = Math.floor(Math.log10(min)); power <= Math.log10(max); power++) {
    for (const factor of factors) {
      const mark = factor * 10 ** power
      if (mark >= min && mark <= max) marks.push(mark)
    }
  }
  return marks
}
