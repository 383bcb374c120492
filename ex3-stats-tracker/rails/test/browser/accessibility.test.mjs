// Accessibility: axe-core finds nothing serious in light and dark mode, on a desktop and on a phone; no page is wider than
// a phone; and the keyboard reaches every control.

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { after, before, describe, test } from "node:test"
import { launch, visit } from "./browser.mjs"

let browser
let axe
before(async () => {
  browser = await launch()
  axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8")
})
after(() => browser.close())

const MAIN = [
  "/", "/orgs/fluxcd", "/orgs/fluxcd/packages/flagger-loadtester",
  "/compare?packages=fluxcd/flagger,fluxcd/charts/flagger,gap-org/with-gap,fluxcd/nothing",
]
const OTHERS = [
  "/orgs/fluxcd?state=failing&q=nothing", "/orgs/empty-org", "/orgs/all-failed-org", "/orgs/vanished-org",
  "/orgs/fluxcd/packages/flux-cli?scale=log", "/orgs/fluxcd/packages/never-read", "/orgs/hostile-org", "/compare",
]
const MISSING = ["/orgs/nobody", "/orgs/fluxcd/packages/nothing", "/nothing"]

async function check(page, path) {
  await page.$$eval("details", (all) => all.forEach((one) => (one.open = true)))
  await page.evaluate(axe)
  const { violations, passes } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations", "passes"] }))
  const found = violations
    .map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`)
  assert.deepEqual(found, [], path)
  assert.ok(passes.length > 10, "axe looked at the page")
}

const MODES = {
  "in the light": { pages: [...MAIN, ...OTHERS], missing: MISSING },
  "in the dark": { pages: [...MAIN, ...OTHERS], missing: MISSING, theme: "dark" },
  "on a phone": { pages: [...MAIN, ...OTHERS], missing: [], width: 360, height: 740, touch: true },
  "on a phone in the dark": { pages: MAIN, missing: [], width: 360, height: 740, touch: true, theme: "dark" },
}
for (const [mode, { pages, missing, ...options }] of Object.entries(MODES)) {
  describe(`axe finds nothing ${mode}`, () => {
    for (const path of pages) test(path, () => visit(browser, path, (page) => check(page, path), options))
    for (const path of missing) test(path, () => visit(browser, path, (page) => check(page, path), { ...options, status: 404, expected: /404/ }))
  })
}

describe("a phone shows all of", () => {
  for (const path of [...MAIN, ...OTHERS]) {
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
