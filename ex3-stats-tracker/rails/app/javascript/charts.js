// The charts of a page, and their common toolbar.

import { adoptionEnd, adoptionSeries } from "./adoption.js"
import { Chart } from "./chart.js"
import { refresh } from "./refresh.js"
import { DAY, downloadsSeries, releasesOf, totalsSeries } from "./series.js"
import { unitFor } from "./units.js"
import { versionSeries } from "./versions.js"
import { View } from "./view.js"

const ZOOM_STEP = 0.5

/** `section`: the server's element with the toolbar, the figures and their tables. */
export async function drawCharts(section) {
  const figures = [...section.querySelectorAll("[data-chart]")]
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
  const current = (param) => section.querySelector(`a[data-param=${param}][aria-current]`)
  showRange(view, current("range"))
  const state = {
    section,
    view,
    // The unit follows the zoom until one is chosen.
    chosenUnit: section.querySelector("[data-unit-chosen]") && current("unit").dataset.value,
    releases: releasesOf(documents),
  }
  const options = () => ({
    unit: state.chosenUnit ?? unitFor(view.max - view.min),
    scale: current("scale").dataset.value,
    releases: releasesShown(state, current("releases")),
  })
  const makers = {
    totals: () => documents.map((document) => totalsSeries(labelOf(document, documents), document, document.totals, until)),
    downloads: (unit) => documents.map((document) => downloadsSeries(labelOf(document, documents), document, until, unit)),
  }
  state.charts = others.map((figure) => new Chart(figure, figure.dataset.chart, makers[figure.dataset.chart], view, options()))
  state.withOwnData = withOwnData.map((figure) => new OwnData(figure, state, until, options))
  await Promise.all(state.withOwnData.map((one) => one.load()))

  section.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-param]")
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      choose(link, state)
    }
  })
  addZoomButtons(section.querySelector("[data-toolbar]"), view)
  view.onChange(() => {
    section.toggleAttribute("data-zoomed", !view.isWhole)
    showUnit(state)
  })
  showUnit(state)
}

/** A chart of versions or releases has data of its own, which depends on the grouping, and on the range. */
class OwnData {
  #document
  #source
  #chart = null

  constructor(figure, state, until, options) {
    Object.assign(this, { figure, state, until, options, kind: figure.dataset.chart })
  }

  /** Loads the data, unless it was loaded from the same address, and draws it. */
  async load() {
    const { source } = this.figure.querySelector("[data-source]").dataset
    if (source === this.#source) return
    try {
      this.#document = await load(source)
      this.#source = source
      this.draw()
    } catch (error) {
      showError(this.figure, error)
    }
  }

  draw() {
    if (this.#chart) this.#chart.load(this.#make)
    else this.state.charts.push((this.#chart = new Chart(this.figure, this.kind, this.#make, this.#view(), this.options())))
  }

  #make = (unit) =>
    this.kind === "versions"
      ? versionSeries(this.#document, this.until, unit, { share: this.#isChosen("measure", "share") })
      : adoptionSeries(this.#document, { share: this.#isChosen("adoption", "share") })

  /** The days since a release's first sight are another time axis than that of dates. */
  #view() {
    const { view } = this.state
    return this.kind === "versions" ? view : new View(0, adoptionEnd(this.#document), view.axisWidths)
  }

  #isChosen(param, value) {
    return this.state.section.querySelector(`a[data-param=${param}][aria-current]`)?.dataset.value === value
  }
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
  return index < 0 ? Infinity : Date.parse(`${from}T00:00:00Z`) / 1000 + index * DAY
}

/** The name of a document's series. Where a chart has real and invented figures, each invented series is labelled. */
function labelOf({ package: name, org, source }, documents) {
  const isMixed = new Set(documents.map(({ source }) => source)).size > 1
  return `${name ?? org}${isMixed && source === "stand-in" ? " (stand-in)" : ""}`
}

function choose(link, state) {
  const { param, value } = link.dataset
  const { charts, section, view } = state
  markCurrent(section, param, value)
  const url = new URL(location)
  url.searchParams.set(param, value)
  if (param === "scale") charts.forEach((chart) => (chart.scale = value))
  else if (param === "releases") charts.forEach((chart) => (chart.releases = releasesShown(state, link)))
  else if (param === "measure" || param === "adoption") state.withOwnData.forEach((one) => one.draw())
  else if (param === "unit") state.chosenUnit = value
  else if (param === "range") {
    // Another range is shown in the unit that fits it.
    state.chosenUnit = null
    url.searchParams.delete("unit")
    showRange(view, link)
  }
  showUnit(state)
  refresh(url, "[data-refresh]").then((isDone) => isDone && ["range", "group"].includes(param) && state.withOwnData.forEach((one) => one.load()))
}

function markCurrent(section, param, value) {
  for (const link of section.querySelectorAll(`a[data-param=${param}]`)) {
    if (link.dataset.value === value) link.setAttribute("aria-current", "true")
    else link.removeAttribute("aria-current")
  }
}

function releasesShown({ releases }, link) {
  return link?.dataset.value === "on" && releases.length > 0 ? releases : null
}

function showUnit(state) {
  const unit = state.chosenUnit ?? unitFor(state.view.max - state.view.min)
  if (unit === state.unit) return
  state.unit = unit
  state.charts.forEach((chart) => (chart.unit = unit))
  markCurrent(state.section, "unit", unit)
}

function showRange(view, link) {
  const days = Number(link?.dataset.days)
  if (days) view.showLatest(days * DAY)
  else view.showAll()
}

function addZoomButtons(toolbar, view) {
  const group = toolbar.querySelector("[data-zoom]")
  const actions = { in: () => view.zoom(ZOOM_STEP), out: () => view.zoom(1 / ZOOM_STEP), all: () => view.showAll() }
  group.hidden = false
  group.addEventListener("click", (event) => actions[event.target.closest("button")?.value]?.())
}
