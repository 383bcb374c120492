// The charts of a page, and their common toolbar.

import { adoptionEnd, adoptionSeries } from "./adoption.js"
import { Chart } from "./chart.js"
import { day } from "./numbers.js"
import { DAY, downloadsSeries, releasesOf, totalsSeries } from "./series.js"
import { unitFor } from "./units.js"
import { versionSeries } from "./versions.js"
import { View } from "./view.js"

const ZOOM_STEP = 0.5
/** Milliseconds without a change after which a zoom gets into the address. */
const SETTLED_AFTER = 400

/** `section`: the server's element with the toolbar, the figures and their tables. `state`: the page's ViewState. */
export async function drawCharts(section, state) {
  const figures = [...section.querySelectorAll("[data-chart]")]
  figures.forEach(showLoading)
  const [withOwnData, others] = [true, false].map((hasOwn) => figures.filter((figure) => (figure.querySelector("[data-source]") !== null) === hasOwn))
  let documents
  try {
    documents = await Promise.all(JSON.parse(section.dataset.sources).map(load))
  } catch (error) {
    // The tables remain.
    for (const figure of figures) showError(figure, error)
    return
  }
  const until = Math.ceil(Number(section.dataset.now) / DAY) * DAY
  const view = new View(Math.min(...documents.map(firstKnown), until - 2 * DAY), until)
  showPeriod(view, state)
  const releases = releasesOf(documents)
  const options = () => ({
    // The unit follows the zoom until one is chosen.
    unit: state.get("unit") ?? unitFor(view.span),
    scale: state.get("scale"),
    releases: state.get("releases") === "on" && releases.length > 0 ? releases : null,
  })
  const makers = {
    totals: () => documents.map((document) => totalsSeries(labelOf(document, documents), document, document.totals, until)),
    downloads: (unit) => documents.map((document) => downloadsSeries(labelOf(document, documents), document, until, unit)),
  }
  const page = { state, view, until, options, charts: [] }
  page.charts = others.map((figure) => new Chart(figure, figure.dataset.chart, makers[figure.dataset.chart], view, options()))
  const own = withOwnData.map((figure) => new OwnData(figure, page))
  await Promise.all(own.map((one) => one.load()))

  addZoomButtons(section.querySelector("[data-toolbar]"), view)
  let settled
  view.onChange(() => {
    section.toggleAttribute("data-zoomed", !view.isWhole)
    showUnit(section, page)
    clearTimeout(settled)
    settled = setTimeout(() => keepPeriod(view, state), SETTLED_AFTER)
  })
  state.onChange((changed) => {
    const { scale, releases } = options()
    for (const name of changed) markCurrent(section, name, state.get(name))
    if (changed.has("scale")) page.charts.forEach((chart) => (chart.scale = scale))
    if (changed.has("releases")) page.charts.forEach((chart) => (chart.releases = releases))
    if (changed.has("measure") || changed.has("adoption")) own.forEach((one) => one.draw())
    if (["range", "from", "until"].some((name) => changed.has(name))) showPeriod(view, state)
    showUnit(section, page)
  })
  state.onShown(() => {
    showUnit(section, page)
    return Promise.all(own.map((one) => one.load()))
  })
  showUnit(section, page)
}

/** A chart of versions or releases has data of its own, which depends on the grouping, and on the days shown. */
class OwnData {
  #document
  #source
  #chart = null

  /** `page`: what the charts of the page have in common. */
  constructor(figure, page) {
    Object.assign(this, { figure, page, kind: figure.dataset.chart })
  }

  /** Loads the data, unless it was loaded from the same address, and draws it. */
  async load() {
    const { source } = this.figure.querySelector("[data-source]").dataset
    if (source === this.#source) return
    try {
      const document = await load(source)
      // The newest source counts: an older answer may come later.
      if (source !== this.figure.querySelector("[data-source]").dataset.source) return
      this.#document = document
      this.#source = source
      this.draw()
    } catch (error) {
      showError(this.figure, error)
    }
  }

  draw() {
    if (this.#chart) this.#chart.load(this.#make)
    else if (this.#document) this.page.charts.push((this.#chart = new Chart(this.figure, this.kind, this.#make, this.#view(), this.page.options())))
  }

  #make = (unit) =>
    this.kind === "versions"
      ? versionSeries(this.#document, this.page.until, unit, { share: this.page.state.get("measure") === "share" })
      : adoptionSeries(this.#document, { share: this.page.state.get("adoption") === "share" })

  /** The days since a release's first sight are another time axis than that of dates. */
  #view() {
    const { view } = this.page
    return this.kind === "versions" ? view : new View(0, adoptionEnd(this.#document), view.axisWidths)
  }
}

function showLoading(figure) {
  figure.dataset.state = "loading"
  const words = document.createElement("p")
  words.className = "loading quiet"
  words.textContent = "Loading the figures …"
  figure.querySelector("[data-plot]").replaceChildren(words)
}

function showError(figure, error) {
  figure.dataset.state = "failed"
  figure.querySelector("[data-plot]").textContent =
    `The chart's data could not be loaded (${error.message}). The table below has it; reload the page to try again.`
}

async function load(source) {
  const response = await fetch(source, { headers: { Accept: "application/json" } })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.json()
}

/** The beginning of the first day with a figure. */
function firstKnown({ from, totals, downloads }) {
  const index = totals.findIndex((total, index) => total !== null || downloads[index] !== null)
  return index < 0 ? Infinity : startOf(from) + index * DAY
}

const startOf = (date) => Date.parse(`${date}T00:00:00Z`) / 1000

/** The name of a document's series. Where a chart has real and invented figures, each invented series is labelled. */
function labelOf({ package: name, org, source }, documents) {
  const isMixed = new Set(documents.map(({ source }) => source)).size > 1
  return `${name ?? org}${isMixed && source === "stand-in" ? " (stand-in)" : ""}`
}

function markCurrent(section, param, value) {
  for (const link of section.querySelectorAll(`a[data-param=${param}]`)) {
    if (link.dataset.value === value) link.setAttribute("aria-current", "true")
    else link.removeAttribute("aria-current")
  }
}

function showUnit(section, { charts, options }) {
  const { unit } = options()
  charts.forEach((chart) => (chart.unit = unit))
  markCurrent(section, "unit", unit)
}

/** The part of the time axis that the view's state has. */
function periodOf(view, state) {
  const [from, until] = ["from", "until"].map((name) => (state.has(name) ? startOf(state.get(name)) : null))
  if (from !== null || until !== null) return view.limited(from ?? view.first, until === null ? view.last : until + DAY)
  const days = Number(document.querySelector(`a[data-param=range][data-value="${state.get("range")}"]`)?.dataset.days)
  return view.limited(days ? view.last - days * DAY : view.first, view.last)
}

function showPeriod(view, state) {
  const { min, max } = periodOf(view, state)
  view.show(min, max)
}

/** Gets the days that the charts were zoomed to into the view's state, as whole days. */
function keepPeriod(view, state) {
  const { min, max } = periodOf(view, state)
  if (min === view.min && max === view.max) return
  const [first, end] = [view.min, view.max].map((moment) => Math.round(moment / DAY) * DAY)
  state.set(view.isWhole ? { range: "all", from: null, until: null } : { range: null, from: day(first), until: day(Math.max(end - DAY, first)) })
  showPeriod(view, state)
}

function addZoomButtons(toolbar, view) {
  const group = toolbar.querySelector("[data-zoom]")
  const actions = { in: () => view.zoom(ZOOM_STEP), out: () => view.zoom(1 / ZOOM_STEP), all: () => view.showAll() }
  group.hidden = false
  group.addEventListener("click", (event) => actions[event.target.closest("button")?.value]?.())
}
