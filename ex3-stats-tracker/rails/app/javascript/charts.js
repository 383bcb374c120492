// The charts of a page and the toolbar that they share.

import { Chart } from "./chart.js"
import { refresh } from "./refresh.js"
import { daily, totals } from "./series.js"
import { View } from "./view.js"

const ZOOM_STEP = 0.5

/** `section` holds the toolbar and the figures; the server writes it, and it can be read without any of this. */
export async function drawCharts(section) {
  const figures = [...section.querySelectorAll("[data-chart]")]
  let documents
  try {
    documents = await load(new Set(figures.map((figure) => figure.dataset.source)))
  } catch (error) {
    // The tables are there in any case.
    figures.forEach((figure) => {
      figure.dataset.state = "failed"
      figure.querySelector("[data-plot]").textContent = `The chart's data could not be loaded (${error.message}). Reload the page to try again.`
    })
    return
  }
  const view = new View(Number(section.dataset.first), Number(section.dataset.last))
  const toolbar = section.querySelector("[data-toolbar]")
  showRange(view, toolbar.querySelector("[data-param=range][aria-current]"))
  const charts = figures.map((figure) => {
    const kind = figure.dataset.chart
    const make = kind === "daily" ? daily : totals
    const series = documents.get(figure.dataset.source)[kind].map(make)
    const chart = new Chart(figure, kind, series, view)
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

async function load(sources) {
  const documents = await Promise.all([...sources].map(async (source) => {
    const response = await fetch(source, { headers: { Accept: "application/json" } })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    return [source, await response.json()]
  }))
  return new Map(documents)
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
  const seconds = Number(link?.dataset.seconds)
  if (seconds) view.showLatest(seconds)
  else view.showAll()
}

function addZoomButtons(toolbar, view) {
  const group = toolbar.querySelector("[data-zoom]")
  const actions = { in: () => view.zoom(ZOOM_STEP), out: () => view.zoom(1 / ZOOM_STEP), all: () => view.showAll() }
  group.hidden = false
  group.addEventListener("click", (event) => actions[event.target.closest("button")?.value]?.())
}
