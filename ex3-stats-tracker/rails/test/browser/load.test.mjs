// 100 000 points: they are drawn, and zooming causes one redraw and few layouts for each frame.

import assert from "node:assert/strict"
import { after, before, test } from "node:test"
import { frames, launch, shown, visit } from "./browser.mjs"

const POINTS = 100_000
const STEPS = 60

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

/** A chart document with POINTS days until today, each with a growing total. */
function manyDays(document) {
  const first = new Date(Date.parse(`${document.from}T00:00:00Z`) + (document.days - POINTS) * 86_400_000)
  let total = 0
  const totals = Array.from({ length: POINTS }, (_, index) => (total += 1000 + ((index * 7919) % 500)))
  const downloads = totals.map((value, index) => value - (totals[index - 1] ?? 0))
  return { ...document, from: first.toISOString().slice(0, 10), days: POINTS, totals, downloads, unsettled: [], failures: [], fell: [], versions: [] }
}

test("zooming through 100 000 points causes few layouts", () => visit(browser, "/orgs/gap-org/packages/with-gap?range=all", async (page) => {
  assert.equal(await page.getAttribute("#total", "data-points"), String(POINTS))
  const kinds = await page.$eval("#total", ({ chart }) => chart.data.map((column) => column.constructor.name))
  assert.deepEqual(kinds, ["Float64Array", "Float64Array"])

  const client = await page.context().newCDPSession(page)
  await client.send("Performance.enable")
  const metrics = async () => Object.fromEntries((await client.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]))
  const whole = await shown(page, "total")
  const before = await metrics()
  const times = await page.evaluate(async (steps) => {
    const { chart } = document.getElementById("total")
    let redraws = 0
    let frames = 0
    const count = () => requestAnimationFrame(() => (frames++, count()))
    count()
    // Each wheel event is a task of its own.
    const task = () => new Promise((resolve) => {
      const { port1, port2 } = new MessageChannel()
      port1.onmessage = resolve
      port2.postMessage(null)
    })
    chart.plot.hooks.draw.push(() => redraws++)
    const over = chart.plot.over.getBoundingClientRect()
    const times = []
    for (let step = 0; step < steps; step++) {
      const started = performance.now()
      // Ten wheel events between two frames, as from a touchpad.
      for (let report = 0; report < 10; report++) {
        chart.plot.over.dispatchEvent(new WheelEvent("wheel", {
          deltaY: step < steps / 2 ? -1 : 1, ctrlKey: true, bubbles: true, cancelable: true, clientX: over.x + over.width / 3, clientY: over.y + 20,
        }))
        await task()
      }
      await new Promise(requestAnimationFrame)
      await new Promise((resolve) => setTimeout(resolve))
      times.push(performance.now() - started)
    }
    return { redraws, frames, times: times.sort((one, other) => one - other) }
  }, STEPS)
  const after = await metrics()
  const layouts = after.LayoutCount - before.LayoutCount
  const styles = after.RecalcStyleCount - before.RecalcStyleCount
  const part = await shown(page, "total")
  console.log(`  ${POINTS} points in 2 charts, ${STEPS} frames of zooming: median ${times.times[STEPS / 2].toFixed(1)} ms, slowest ${times.times.at(-1).toFixed(1)} ms a frame, ` +
    `script ${((after.ScriptDuration - before.ScriptDuration) * 1000 / STEPS).toFixed(1)} ms a frame, ${layouts} layouts, ${styles} style recalculations`)
  assert.ok(times.redraws <= times.frames + 2, `drawn once a frame, with any number of wheel events: ${times.redraws} times in ${times.frames} frames`)
  assert.ok(layouts <= times.frames * 2 + 10, `${layouts} layouts in ${times.frames} frames of two charts`)
  assert.ok(Math.abs(part.to - part.from - (whole.to - whole.from)) < (whole.to - whole.from) * 0.01, "in and out again")
}, {
  before: (page) => page.route("**/api/chart/**", async (route) => route.fulfill({ json: manyDays(await (await route.fetch()).json()) })),
}))

test("100 000 points can be zoomed to 30 days", () => visit(browser, "/orgs/gap-org/packages/with-gap?range=30d", async (page) => {
  const { from, to } = await shown(page, "total")
  assert.equal(to - from, 30 * 86_400)
  await page.focus("#total .plot")
  await page.keyboard.press("End")
  await page.keyboard.press("ArrowLeft")
  await frames(page)
  assert.match(await page.textContent("#total [data-spoken]"), /^\d{4}-\d\d-\d\d\. [\d,]+$/)
}, {
  before: (page) => page.route("**/api/chart/**", async (route) => route.fulfill({ json: manyDays(await (await route.fetch()).json()) })),
}))
