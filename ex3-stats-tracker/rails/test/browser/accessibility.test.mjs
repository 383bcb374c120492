// Accessibility: axe-core finds nothing serious on a desktop and on a phone, each in light and in dark colours; no page is
// wider than a phone; and the keyboard reaches every control.

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { after, before, describe, test } from "node:test"
import { frames, launch, visit } from "./browser.mjs"

let browser
let axe
before(async () => {
  browser = await launch()
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
})
after(() => browser.close())

const PAGES = [
  "/", "/orgs/fluxcd", "/orgs/fluxcd/packages/flagger-loadtester",
  "/compare?packages=fluxcd/flagger,fluxcd/charts/flagger,gap-org/with-gap,fluxcd/nothing",
  "/orgs/fluxcd?state=failing&q=nothing", "/orgs/empty-org", "/orgs/all-failed-org", "/orgs/vanished-org",
  "/orgs/fluxcd/packages/flux-cli?scale=log", "/orgs/fluxcd/packages/never-read", "/orgs/hostile-org", "/compare",
]
const MISSING = ["/orgs/nobody", "/orgs/fluxcd/packages/nothing", "/nothing"]

/** axe's rules of colours: nothing else depends on the scheme. */
const COLOURS = ["color-contrast", "link-in-text-block"]

async function check(page, path) {
  await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)))
  await page.evaluate(axe)
  const passed = await run(page, `${path} in the light`)
  assert.ok(passed.length > 10, "axe looked at the page")
  await page.emulateMedia({ colorScheme: "dark" })
  await frames(page, 3)
  const passedInTheDark = await run(page, `${path} in the dark`, { runOnly: COLOURS })
  assert.ok(passedInTheDark.includes("color-contrast"), "axe looked at the colours")
}

/** Fails where axe finds something, and returns the rules that passed. */
async function run(page, place, options = {}) {
  const { violations, passes } = await page.evaluate((options) => window.axe.run({ resultTypes: ["violations", "passes"], ...options }), options)
  const found = violations
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`)
  assert.deepEqual(found, [], place)
  return passes.map(({ id }) => id)
}

const SCREENS = {
  "on a desktop": { missing: MISSING },
  "on a phone": { missing: [], width: 360, height: 740, touch: true },
}
for (const [screen, { missing, ...options }] of Object.entries(SCREENS)) {
  describe(`axe finds nothing ${screen}`, () => {
    for (const path of PAGES) test(path, () => visit(browser, path, (page) => check(page, path), options))
    for (const path of missing) test(path, () => visit(browser, path, (page) => check(page, path), { ...options, status: 404, expected: /404/ }))
  })
}

describe("a phone shows all of", () => {
  for (const path of PAGES) {
    test(path, () => visit(browser, path, async (page) => {
      const [content, screen] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth])
      assert.equal(content, screen)
    }, { width: 360, height: 740, touch: true }))
  }
})

describe("the keyboard", () => {
  test("reaches every control, and can skip to the figures", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await page.keyboard.press("Tab")
    assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the figures")
    await page.keyboard.press("Enter")
    const reached = new Set()
    for (let count = 0; count < 60; count++) {
      await page.keyboard.press("Tab")
      reached.add(await page.evaluate(() => {
        const { dataset, id, name } = document.activeElement
        return dataset.param ?? dataset.swap ?? (dataset.plot === "" ? "plot" : id || name)
      }))
    }
    for (const place of ["range", "scale", "plot", "filter", "total", "packages[]"]) assert.ok(reached.has(place), `${place} of ${[...reached]}`)
  }))
})
