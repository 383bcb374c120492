// A browser, and pages in it that notice whatever goes wrong while they are looked at.

import assert from "node:assert/strict"
import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"

export const URL_OF_DASHBOARD = process.env.DASHBOARD_URL
assert.ok(URL_OF_DASHBOARD, "DASHBOARD_URL is not set: start the tests with run.mjs")

/** Nothing but this machine is talked to. */
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
]

export const launch = () => chromium.launch({ executablePath: chromiumOnPath(), args: QUIET })

function chromiumOnPath() {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(directory, name), constants.X_OK)
        return join(directory, name)
      } catch {
        // Look on.
      }
    }
  }
  throw new Error("chromium is not on the PATH: apt-get install chromium")
}

/**
 * Opens `path`, waits until its charts are drawn, hands the page to `look`, and fails where the page reported an error
 * that `expected` (a pattern) does not know.
 */
export async function visit(browser, path, look, { theme = "light", width = 1280, height = 900, scripts = true, touch = false, before, expected, charts = true, status = 200 } = {}) {
  const context = await browser.newContext({
    baseURL: URL_OF_DASHBOARD, colorScheme: theme, viewport: { width, height }, javaScriptEnabled: scripts, hasTouch: touch, isMobile: touch,
    // Days are UTC's for every reader, also where it is still yesterday.
    timezoneId: "America/Los_Angeles",
  })
  try {
    // A busy machine may need long for what an idle one does at once.
    context.setDefaultTimeout(120_000)
    const page = await context.newPage()
    const errors = []
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(`${message.type()}: ${message.text()}`))
    page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack}`))
    page.on("dialog", (dialog) => {
      errors.push(`dialog: ${dialog.message()}`)
      dialog.dismiss()
    })
    page.on("request", (request) => {
      const { protocol, origin } = new URL(request.url())
      if (protocol !== "data:" && origin !== URL_OF_DASHBOARD) errors.push(`asked elsewhere: ${request.url()}`)
    })
    await before?.(page)
    const response = await page.goto(path)
    assert.equal(response.status(), status, path)
    if (scripts && charts) await drawn(page)
    const answer = await look(page, response)
    assert.deepEqual(errors.filter((error) => !expected?.test(error)), [], `errors at ${path}`)
    return answer
  } finally {
    await context.close()
  }
}

/** All charts of the page are drawn, if it has any. */
export async function drawn(page) {
  await page.waitForFunction(() => [...document.querySelectorAll("[data-chart]")].every((figure) => figure.dataset.state === "drawn"))
  await frames(page, 2)
}

/** So many frames later, everything that was asked for is on the screen. */
export async function frames(page, count = 2) {
  await page.evaluate((left) => new Promise((resolve) => {
    const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve())
    next()
  }), count)
}

/** What the chart `id` shows, in seconds. */
export async function shown(page, id) {
  await frames(page, 3)
  return page.$eval(`#${id}`, ({ dataset }) => ({ from: Number(dataset.from), to: Number(dataset.to), scale: dataset.scale }))
}

/**
 * How many pixels of each of the palette's colours stand in the chart `id` between two days and between two heights,
 * which are shares of the plot from its top. `names` are names of the palette; series-1 is the first series.
 */
export function pixels(page, id, { from, to, top = 0, bottom = 1, names }) {
  return page.evaluate(({ id, from, to, top, bottom, names }) => {
    const { plot, palette } = document.getElementById(id).chart
    const { bbox, ctx } = plot
    const left = Math.round(plot.valToPos(Math.max(Date.parse(from) / 1000, plot.scales.x.min), "x", true))
    const right = Math.round(plot.valToPos(Math.min(Date.parse(to) / 1000, plot.scales.x.max), "x", true))
    const y = Math.round(bbox.top + bbox.height * top)
    const width = Math.max(right - left, 1)
    const height = Math.round(bbox.height * (bottom - top))
    // A copy is read: Chromium would draw the chart itself more slowly from then on, and says so.
    const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })
    copy.drawImage(ctx.canvas, left, y, width, height, 0, 0, width, height)
    const { data } = copy.getImageData(0, 0, width, height)
    const probe = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true })
    const colours = names.map((name) => {
      probe.fillStyle = name.startsWith("series-") ? palette.series[Number(name.slice(7)) - 1] : palette[name]
      probe.fillRect(0, 0, 1, 1)
      return probe.getImageData(0, 0, 1, 1).data
    })
    return Object.fromEntries(names.map((name, index) => {
      let count = 0
      for (let at = 0; at < data.length; at += 4) {
        const isThis = [0, 1, 2].every((channel) => Math.abs(data[at + channel] - colours[index][channel]) <= 12)
        if (isThis && data[at + 3] > 200) count++
      }
      return [name, count]
    }))
  }, { id, from, to, top, bottom, names })
}

/** A day relative to the one on which the scenario was made: "2026-05-10". */
export const day = (offset) => new Date(Date.parse(process.env.DASHBOARD_TODAY) + offset * 86_400_000).toISOString().slice(0, 10)
