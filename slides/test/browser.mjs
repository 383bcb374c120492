// A browser for the tests. A test fails on every error that its page reports, and on every request that leaves the slides.

import assert from "node:assert/strict"
import { launch } from "../src/chromium.mjs"

export { launch }

export const SLIDES_URL = process.env.SLIDES_URL
export const SLIDES_DIRECTORY = process.env.SLIDES_DIRECTORY
export const SLIDES_ASSETS = process.env.SLIDES_ASSETS
assert.ok(SLIDES_URL, "SLIDES_URL is not set: start the tests with run.mjs")

export const WIDE = { width: 1280, height: 720 }
export const NARROW = { width: 1024, height: 768 }

/** A busy machine may need this long. */
const TIMEOUT_MS = 120_000

/**
 * Opens the slides, waits until they are ready, and calls `look` with the page. `url`: other slides; `allowed`: more origins
 * that may be asked; `expected`: a pattern of errors that the page may report.
 */
export async function visit(browser, look, { url = SLIDES_URL, path = "", viewport = WIDE, theme = "light", allowed = [], expected, before, permissions } = {}) {
  const context = await browser.newContext({ viewport, colorScheme: theme, acceptDownloads: true, permissions })
  context.setDefaultTimeout(TIMEOUT_MS)
  const errors = []
  try {
    const origin = new URL(url).origin
    context.on("request", (request) => {
      const asked = new URL(request.url())
      if (!["data:", "blob:", "about:"].includes(asked.protocol) && asked.origin !== origin && !allowed.includes(asked.origin)) errors.push(`a request to another host: ${request.url()}`)
    })
    const watch = (page) => {
      page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(`${message.type()}: ${message.text()}`))
      page.on("pageerror", (error) => errors.push(`uncaught: ${error.stack}`))
    }
    context.on("page", watch)
    const page = await context.newPage()
    await before?.(page)
    await page.goto(`${url}${path}`)
    await ready(page)
    const answer = await look(page, context)
    assert.deepEqual(errors.filter((error) => !expected?.test(error)), [], "what the page reported")
    return answer
  } finally {
    await context.close()
  }
}

export const ready = (page) => page.waitForFunction(() => window.talk?.ready)

/** The titles of all slides, in their order. */
export const titles = (page) => page.evaluate(() => window.talk.Reveal.getSlides().map((slide) => slide.getAttribute("aria-label")))

/** Goes to the slide with this title. Returns its section. */
export async function go(page, title) {
  const found = await page.evaluate((title) => {
    const { Reveal } = window.talk
    const index = Reveal.getSlides().findIndex((slide) => slide.getAttribute("aria-label") === title)
    if (index >= 0) Reveal.slide(index)
    return index >= 0
  }, title)
  assert.ok(found, `there is no slide "${title}"`)
  await settled(page)
  return page.locator("section.present")
}

/** Waits for two frames: then all changes are on the screen. */
export const settled = (page) => page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))

/** Waits until a live slide has answered. */
export async function answered(section) {
  await section.locator('.live[data-state="answered"]').waitFor()
}
