// One chart: uPlot with totals as lines, with downloads as bars, or as lines where packages are compared, with the
// downloads of versions as stacked bars, or with releases as lines by days since their first sight.

import uPlot from "uplot"
import { AGE_STEPS, axisAges } from "./adoption.js"
import { barsPath } from "./bars.js"
import { listen } from "./gestures.js"
import { drawFailures, drawGaps, drawLacking, drawPoints, drawReleases, lineGaps, lanesHeight } from "./marks.js"
import { axisDays, axisNumbers, COUNT_STEPS, day, DAY_STEPS, exact } from "./numbers.js"
import { DASHES, onPaletteChange, readPalette } from "./palette.js"
import { readingAt } from "./reading.js"
import { align, between, gapAt, movingAverage, nearest } from "./series.js"
import { DAY } from "./units.js"
import { stacked } from "./versions.js"

/** Points of a moving average. Downloads are fewer on weekends. */
const AVERAGE_DAYS = 7
/** The axis's width is a multiple of so many CSS pixels, so that it seldom changes while the chart is zoomed. */
const AXIS_STEP = 8
/** CSS pixels above the plot, and where the names of releases are above it. */
const TOP = 12
const TOP_WITH_RELEASES = 24
/** CSS pixels from the cursor within which a release is named. */
const RELEASE_REACH = 5

export class Chart {
  #plot = null
  #scale = "linear"
  #unit
  #releases
  #cursor = null
  #isFollowing = false
  #shown

  /**
   * `figure`: the element. `kind`: "totals", "downloads", "versions" or "adoption". `make`: a function that returns the series in a unit.
   * `view`: the shared View. `releases`: from series.js; `null` where they are switched off.
   */
  constructor(figure, kind, make, view, { unit, scale, releases }) {
    Object.assign(this, { figure, kind, make, view })
    this.#unit = unit
    this.#scale = scale
    this.#releases = this.hasDates ? releases : null
    this.place = figure.querySelector("[data-plot]")
    this.legend = figure.querySelector("[data-legend]")
    this.spoken = figure.querySelector("[data-spoken]")
    this.place.replaceChildren()
    this.load(make)
    new ResizeObserver(() => this.#fit()).observe(this.place)
    onPaletteChange(() => this.#draw())
    view.onChange(({ min, max }) => {
      this.#plot.setScale("x", { min, max })
      this.#publishState()
    })
    view.onCursor((moment) => this.#followOthers(moment))
    view.axisWidths.onChange((width) => this.#plot.axes[1]._size !== width && this.#plot.redraw(true, true))
    listen(this)
    figure.chart = this
  }

  /** Whether the time axis is that of dates, and not of a release's age. */
  get hasDates() {
    return this.kind !== "adoption"
  }

  get plot() {
    return this.#plot
  }

  /** Shares and stacked bars have no logarithmic scale. */
  get isLogarithmic() {
    return this.#scale === "log" && (this.kind === "totals" || this.kind === "downloads")
  }

  get scale() {
    return this.#scale
  }

  set scale(scale) {
    if (scale === this.#scale) return
    this.#scale = scale
    this.#draw()
  }

  get unit() {
    return this.#unit
  }

  set unit(unit) {
    if (unit === this.#unit) return
    this.#unit = unit
    // These are lines through days in any unit.
    if (this.kind === "totals" || this.kind === "adoption") return this.#publishState()
    this.#makeSeries()
    this.#draw()
  }

  get releases() {
    return this.#releases
  }

  set releases(releases) {
    if (!this.hasDates) return
    this.#releases = releases
    this.#draw()
  }

  /** Shows other series. */
  load(make) {
    this.make = make
    this.#makeSeries()
    this.#shown = this.series.map(() => true)
    this.#buildLegend()
    this.#draw()
  }

  /** The cursor's time in seconds, or `null`. */
  get cursor() {
    return this.#cursor
  }

  /** Moves the cursor to `moment`. `announce`: screen readers read the point there. */
  moveCursor(moment, { announce = false } = {}) {
    this.#cursor = moment
    const left = this.#plot.valToPos(moment, "x")
    this.#plot.setCursor({ left, top: this.#plot.over.clientHeight / 2 })
    if (!announce) return
    const { time, words, average, releases } = this.#reading(moment)
    const named = words.map((word, index) => (words.length === 1 ? word : `${this.series[index].name}: ${word}`))
    this.spoken.textContent = [time, ...named, average, releases].filter(Boolean).join(". ")
  }

  toggle(index) {
    this.#shown[index] = !this.#shown[index]
    if (this.kind === "versions") this.#draw()
    else this.#plot.setSeries(index + 1, { show: this.#shown[index] })
  }

  #makeSeries() {
    this.series = this.make(this.#unit)
    this.bars = this.kind === "versions" || (this.kind === "downloads" && this.series.length === 1)
    this.figure.dataset.points = this.series.reduce((most, { x }) => Math.max(most, x.length), 0)
  }

  /** uPlot's data: the time axis, a column for each series, and the moving average. */
  #columns() {
    if (this.kind === "versions") {
      const { bottoms, tops } = stacked(this.series, this.#shown)
      this.bottoms = bottoms
      return [this.series[0]?.x ?? [], ...tops]
    }
    this.average = this.bars && this.#unit === "day" ? movingAverage(this.series[0], AVERAGE_DAYS) : null
    return [...align(this.series), ...(this.average ? [this.average] : [])]
  }

  #draw() {
    this.#plot?.destroy()
    this.data = this.#columns()
    this.palette = readPalette(this.figure)
    this.#plot = new uPlot(this.#options(), this.data, this.place)
    // The legend, the live region and the table have the same values for screen readers.
    this.#plot.root.setAttribute("aria-hidden", "true")
    this.#showReading(null)
    this.#publishState()
  }

  #fit() {
    const width = this.place.clientWidth
    const height = this.place.clientHeight
    if (width > 0 && (width !== this.#plot.width || height !== this.#plot.height)) this.#plot.setSize({ width, height })
  }

  colourOf(index) {
    return this.series[index].others ? this.palette["line-strong"] : this.palette.series[index % this.palette.series.length]
  }

  #options() {
    const { palette, view, bars } = this
    const logarithmic = this.isLogarithmic
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
      padding: [this.#releases ? TOP_WITH_RELEASES : TOP, 20, 0, 0],
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
      cursor: {
        y: false,
        drag: { x: true, y: false, setScale: false, dist: 6 },
        bind: { dblclick: () => () => view.showAll() },
        dataIdx: (_plot, index, _nearest, moment) => this.#indexAt(index - 1, moment),
        points: { size: 8, show: !bars },
      },
      scales: {
        // The range is not that of the data: the axis ends today, also where nothing was read lately.
        x: { time: this.hasDates, auto: false, range: () => [view.min, view.max] },
        y: logarithmic
          ? { distr: 3, log: 10, range: (_plot, min, max) => this.#logarithmicRange(...this.#withEdges(min, max)) }
          : { range: (_plot, min, max) => this.#linearRange(...this.#withEdges(min, max)) },
      },
      axes: [
        { ...axis, grid: { show: false }, ticks: { show: true, stroke: palette.line, size: 4, width: 1 }, size: 42 + lanes, gap: 5 + lanes, space: 76, ...this.#timeLabels() },
        {
          ...axis,
          size: (plot, values) => view.axisWidths.of(this, this.#axisWidth(plot, values)),
          gap: 8,
          space: 36,
          ...(!this.series[0]?.unitOfValue && { incrs: COUNT_STEPS }),
          values: (_plot, marks) => axisNumbers(marks).map((mark) => (mark !== null && this.series[0]?.unitOfValue ? `${mark} ${this.series[0].unitOfValue}` : mark)),
          ...(logarithmic && { splits: (_plot, _axis, min, max) => logarithmicMarks(min, max), filter: (_plot, marks) => marks }),
        },
      ],
      series: [
        {},
        ...this.series.map((series, index) => ({
          label: series.name,
          show: this.kind === "versions" || this.#shown[index],
          stroke: this.colourOf(index),
          dash: DASHES[index],
          width: bars ? 0 : 2,
          // Rounded to whole pixels, a line that rises slowly would have steps.
          pxAlign: bars ? 1 : 0,
          // With few points they are drawn, so that the line between them is not taken for data.
          points: { size: 5, space: 18, fill: this.colourOf(index), ...(bars && { show: false }) },
          gaps: lineGaps(series),
          ...(bars && {
            paths: barsPath(this, index),
            fill: this.colourOf(index),
            fillTo: (plot) => plot.scales.y.min,
          }),
        })),
        ...(this.average ? [{ label: "average", stroke: palette.text, width: 1.5, points: { show: false } }] : []),
      ],
      hooks: {
        drawAxes: [drawGaps(this)],
        draw: [drawLacking(this), drawReleases(this), drawPoints(this), drawFailures(this)],
        setSelect: [(plot) => this.#zoomToSelection(plot)],
        setCursor: [(plot) => this.#follow(plot)],
      },
    }
  }

  #timeLabels() {
    if (!this.hasDates) return { incrs: AGE_STEPS, values: (_plot, marks) => axisAges(marks) }
    // A mark at the end is that of the next day, which is not shown.
    return { incrs: DAY_STEPS, values: (_plot, marks, _axis, _space, step) => axisDays(marks, step).map((label, index) => (marks[index] < this.view.max ? label : null)) }
  }

  /** The range of the shown points, and of the lines at the edges of the view. uPlot only counts points. */
  #withEdges(min, max) {
    if (this.bars) return [min, max]
    const shown = this.series.filter((_, index) => this.#shown[index])
    const edges = shown.flatMap((series) => [this.view.min, this.view.max].map((edge) => between(series, edge, { logarithmic: this.isLogarithmic })))
    const values = [min, max, ...edges].filter((value) => value !== null)
    return values.length > 0 ? [Math.min(...values), Math.max(...values)] : [null, null]
  }

  #linearRange(min, max) {
    if (min === null) return [0, 1]
    if (this.kind === "versions" && this.series[0]?.unitOfValue === "%") return [0, 100]
    if (this.kind !== "totals") return [0, max * 1.08 || 1]
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
    return Math.ceil((widest + 20) / AXIS_STEP) * AXIS_STEP
  }

  #zoomToSelection(plot) {
    const { left, width } = plot.select
    if (width < 6) return
    this.view.show(plot.posToVal(left, "x"), plot.posToVal(left + width, "x"))
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
  }

  #follow(plot) {
    if (this.#isFollowing) return
    const left = plot.cursor.left
    const moment = left >= 0 ? plot.posToVal(left, "x") : null
    this.#cursor = moment
    this.#showReading(moment)
    this.view.point(moment)
  }

  /** Moves the cursor to that of another chart. */
  #followOthers(moment) {
    if (moment === this.#cursor) return
    this.#cursor = moment
    this.#isFollowing = true
    this.#plot.setCursor(moment === null ? { left: -10, top: -10 } : { left: this.#plot.valToPos(moment, "x"), top: 0 })
    this.#isFollowing = false
    this.#showReading(moment)
  }

  /** The index in the aligned data of a series' point that is nearest to `moment`. */
  #indexAt(index, moment) {
    const series = this.series[index]
    if (!series || series.x.length === 0 || gapAt(series, moment)) return null
    const point = nearest(series.x, moment)
    return this.series.length === 1 ? point : nearest(this.data[0], series.x[point])
  }

  /** The readout at `moment`, or at the newest point. */
  #reading(moment) {
    const at = moment ?? this.#newest()
    if (!Number.isFinite(at)) {
      return { time: "", words: this.series.map(() => (this.kind === "totals" || this.kind === "downloads" ? "never read" : "known after a second reading")) }
    }
    const { time, words, points } = readingAt(this.series, at)
    const mean = this.average && points[0] !== undefined ? this.average[points[0]] : null
    return {
      time,
      words,
      average: mean === null ? "" : `${AVERAGE_DAYS}-day average ${exact(mean)}`,
      releases: moment === null ? "" : this.#releasesNear(moment),
    }
  }

  /** The time of the newest point. Releases are compared at the age of the newest one. */
  #newest() {
    const last = this.series.flatMap(({ x }) => (x.length > 0 ? [x.at(-1)] : []))
    return this.hasDates ? Math.max(...last) : (last[0] ?? -Infinity)
  }

  #releasesNear(moment) {
    const reach = Math.max(DAY / 2, (RELEASE_REACH * this.view.span) / this.#plot.over.clientWidth)
    const near = (this.#releases ?? []).filter(({ at }) => Math.abs(at - moment) <= reach)
    const names = near.flatMap(({ at, names }) => names.map((name) => `${name} first seen on ${day(at)}`))
    return names.length > 3 ? `${names.slice(0, 2).join(", ")} and ${names.length - 2} more` : names.join(", ")
  }

  #showReading(moment) {
    const { time, words, average, releases } = this.#reading(moment)
    this.legend.time.textContent = time
    this.legend.values.forEach((element, index) => (element.textContent = words[index]))
    this.legend.average.textContent = average ?? ""
    this.legend.releases.textContent = releases ?? ""
  }

  #buildLegend() {
    const several = this.series.length > 1
    const element = (name, className) => Object.assign(document.createElement(name), { className })
    const time = element("span", "legend-time")
    const entries = this.series.map(({ name, others }, index) => {
      const entry = element(several ? "button" : "span", "legend-entry")
      const swatch = element("span", `swatch swatch-${others ? "others" : index + 1}`)
      const label = element("span", "legend-name")
      label.textContent = name
      const value = element("span", "legend-value")
      entry.append(swatch, label, value)
      if (several) {
        entry.type = "button"
        entry.setAttribute("aria-pressed", "true")
        entry.addEventListener("click", () => {
          this.toggle(index)
          entry.setAttribute("aria-pressed", String(this.#shown[index]))
        })
      }
      return { entry, value }
    })
    const average = element("span", "legend-average")
    const releases = element("span", "legend-releases")
    this.legend.replaceChildren(time, ...entries.map(({ entry }) => entry), average, releases)
    Object.assign(this.legend, { time, average, releases, values: entries.map(({ value }) => value) })
  }

  /** Writes the state to data attributes, for style sheets and tests. */
  #publishState() {
    Object.assign(this.figure.dataset, {
      state: "drawn",
      scale: this.#scale,
      unit: this.#unit,
      from: Math.round(this.view.min),
      to: Math.round(this.view.max),
    })
  }
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
