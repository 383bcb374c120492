// A browser for tests. A test fails on every error that its page reports.

import assert from "node:assert/strict"
import { chromium } from "playwright-core"
import { ARGUMENTS, chromiumPath } from "../../../../shared/browser/chromium.mjs"

export const DASHBOARD_URL = process.env.DASHBOARD_URL
assert.ok(DASHBOARD_URL, "DASHBOARD_URL is not set: start the tests with run.mjs")

export const launch = () => chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS })

/**
 * Opens `path`, waits until its charts are drawn, and calls `look` with the page. Fails if the page reported an error that
 * does not match the pattern `expected`.
 */
export async function visit(browser, path, look, { theme = "light", width = 1280, height = 900, scripts = true, touch = false, before, expected, charts = true, status = 200 } = {}) {
  const context = await browser.newContext({
    baseURL: DASHBOARD_URL, colorScheme: theme, viewport: { width, height }, javaScriptEnabled: scripts, hasTouch: touch, isMobile: touch,
    // Days must be UTC's also in a time zone where it is still yesterday.
    timezoneId: "America/Los_Angeles",
  })
  try {
    // A busy machine may need this long.
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
      if (protocol !== "data:" && origin !== DASHBOARD_URL) errors.push(`request to another host: ${request.url()}`)
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

/** Waits until all charts of the page are drawn. */
export async function drawn(page) {
  await page.waitForFunction(() => [...document.querySelectorAll("[data-chart]")].every((figure) => figure.dataset.state === "drawn"))
  await frames(page, 2)
}

/** Waits for `count` frames: then all changes are on the screen. */
export async function frames(page, count = 2) {
  await page.evaluate((left) => new Promise((resolve) => {
    const next = () => (left-- > 0 ? requestAnimationFrame(next) : resolve())
    next()
  }), count)
}

/** The visible time span of the chart `id` in seconds, and its scale. */
export async function shown(page, id) {
  await frames(page, 3)
  return page.$eval(`#${id}`, ({ dataset }) => ({ from: Number(dataset.from), to: Number(dataset.to), scale: dataset.scale }))
}

/**
 * The number of pixels of each colour in a part of the chart `id`: between the days `from` and `to`, and between the
 * heights `top` and `bottom`, as shares of the plot from its top. `names`: the palette's names; series-1 is the first series.
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
    // A copy is read: after getImageData on the chart itself Chromium draws it more slowly, and logs a warning.
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

/** The date `offset` days after the day of the scenario: "2026-05-10". */
export const day = (offset) => new Date(Date.parse(process.env.DASHBOARD_TODAY) + offset * 86_400_000).toISOString().slice(0, 10)
