// The charts of a page, and their common toolbar.

import { Chart } from "./chart.js"
import { refresh } from "./refresh.js"
import { DAY, series } from "./series.js"
import { View } from "./view.js"

const ZOOM_STEP = 0.5

/** `section`: the server's element with the toolbar, the figures and their tables. */
export async function drawCharts(section) {
  const figures = [...section.querySelectorAll("[data-chart]")]
  let documents
  try {
    documents = await Promise.all(JSON.parse(section.dataset.sources).map(load))
  } catch (error) {
    // The tables remain.
    for (const figure of figures) {
      figure.dataset.state = "failed"
      figure.querySelector("[data-plot]").textContent =
        `The chart's data could not be loaded (${error.message}). The table below has it; reload the page to try again.`
    }
    return
  }
  const now = Number(section.dataset.now)
  const drawn = figures.map((figure) => ({ figure, kind: figure.dataset.chart, all: seriesOf(figure.dataset.chart, documents, now) }))
  const firsts = drawn.flatMap(({ all }) => all.map(({ x }) => x[0])).filter((first) => first !== undefined)
  // Whole days: a day's point is at noon, also today's before noon.
  const view = new View(Math.min(...firsts, now - DAY) - DAY / 2, Math.ceil(now / DAY) * DAY)
  const toolbar = section.querySelector("[data-toolbar]")
  showRange(view, toolbar.querySelector("[data-param=range][aria-current]"))
  const charts = drawn.map(({ figure, kind, all }) => {
    const chart = new Chart(figure, kind, all, view)
    chart.scale = toolbar.querySelector("[data-param=scale][aria-current]").dataset.value
    return chart
  })
  toolbar.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-param]")
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault()
      choose(link, toolbar, charts, view)
    }
  })
  addZoomButtons(toolbar, view)
  view.onChange(() => section.toggleAttribute("data-zoomed", !view.isWhole))
}

async function load(source) {
  const response = await fetch(source, { headers: { Accept: "application/json" } })
  if (!response.ok) throw new Error(`the server answered ${response.status}`)
  return response.json()
}

function seriesOf(kind, documents, until) {
  const continuous = kind !== "downloads"
  if (kind === "versions") {
    const [document] = documents
    // Failures and falls belong to the package, not to a version.
    const bare = { from: document.from }
    return document.versions.map(({ tags, id, totals }) =>
      series(tags.join(", ") || `version ${id}`, bare, totals, until, { continuous }))
  }
  // Where a chart has real and invented figures, each invented series is labelled.
  const mixed = new Set(documents.map(({ source }) => source)).size > 1
  const label = ({ package: name, org, source }) => `${name ?? org}${mixed && source === "stand-in" ? " (stand-in)" : ""}`
  // Only daily downloads are unsettled until the day is over; a total is final once it is read.
  return documents.map((document) =>
    series(label(document), continuous ? { ...document, unsettled: [] } : document, document[kind], until, { continuous }))
}

function choose(link, toolbar, charts, view) {
  const { param, value } = link.dataset
  for (const other of toolbar.querySelectorAll(`a[data-param=${param}]`)) other.removeAttribute("aria-current")
  link.setAttribute("aria-current", "true")
  if (param === "scale") charts.forEach((chart) => (chart.scale = value))
  else showRange(view, link)
  const url = new URL(location)
  url.searchParams.set(param, value)
  refresh(url, "[data-refresh]")
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
