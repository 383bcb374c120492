// The view of a page is in its address: it stays in every link, the back button goes one step back, and a shared link shows
// the same.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { day, drawn, frames, launch, shown, visit, DASHBOARD_URL } from "./browser.mjs"

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const DAY = 86_400
const PACKAGE = "/orgs/fluxcd/packages/flagger"

/** What a page shows: its charts, the chosen values, the tables, and the lists. */
async function look(page) {
  await drawn(page)
  await frames(page, 4)
  return page.evaluate(() => ({
    charts: [...document.querySelectorAll("[data-chart]")].map(({ id, dataset, chart }) => [id, dataset.from, dataset.to, dataset.scale, dataset.unit, chart.drawnReleases ?? 0,
      ...[...chart.legend.querySelectorAll(".legend-name")].map((name) => name.textContent), ...chart.series.map(({ x }) => x.length)]),
    chosen: [...document.querySelectorAll("[aria-current=true]")].map(({ textContent }) => textContent),
    sorted: [...document.querySelectorAll("[aria-sort]")].map((header) => [header.textContent, header.getAttribute("aria-sort")]),
    // When a total was read is another time a minute later.
    tables: [...document.querySelectorAll("tbody")].map(({ rows }) => [rows.length, ...[rows[0], rows[rows.length - 1]].map((row) => row?.textContent.replace(/\s+/g, " ").replace(/just now|\d+ \w+ ago/, "earlier"))]),
    filter: document.querySelector("#filter")?.value,
  }))
}

/** Does `step`, and waits until the address has changed and the page shows it. */
async function change(page, step) {
  const before = page.url()
  await step()
  await page.waitForURL((url) => url.href !== before)
  await frames(page)
  await page.waitForSelector("body:not([aria-busy])")
}

const drag = async (page, from, to) => {
  await page.locator("#downloads .plot").scrollIntoViewIfNeeded()
  const box = await page.locator("#downloads .u-over").boundingBox()
  await page.mouse.move(box.x + box.width * from, box.y + 40)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width * to, box.y + 50, { steps: 4 })
  await page.mouse.up()
  await page.mouse.move(1, 1)
}

const STEPS = {
  "a package": { path: PACKAGE, steps: [
    (page) => page.click("[data-param=range][data-value='1y']"),
    (page) => page.click("[data-param=scale][data-value=log]"),
    (page) => page.click("[data-param=unit][data-value=month]"),
    (page) => page.click("[data-param=releases][data-value=off]"),
    (page) => page.click("[data-param=group][data-value=minor]"),
    (page) => page.click("[data-param=measure][data-value=share]"),
    (page) => page.click("[data-param=adoption][data-value=count]"),
    (page) => page.click("#versions [data-swap=total]"),
    (page) => page.click("#versions [data-swap=versions-next]"),
    (page) => drag(page, 0.25, 0.5),
    (page) => page.click("button[aria-label='Zoom in']"),
    (page) => page.click("[data-param=range][data-value='30d']"),
  ] },
  "an organisation": { path: "/orgs/fluxcd", steps: [
    (page) => page.click("#packages [data-swap=week]"),
    (page) => page.click("#packages [data-swap=week]"),
    (page) => page.fill("#filter", "flagger"),
    (page) => drag(page, 0.5, 0.75),
    (page) => page.click("#packages-states [data-swap=failing]"),
  ] },
  "a comparison": { path: "/compare?packages=fluxcd/flagger,fluxcd/charts/flagger", steps: [
    (page) => drag(page, 0.5, 0.75),
    (page) => page.click("[data-param=unit][data-value=week]"),
    (page) => page.click("[data-param=scale][data-value=log]"),
  ] },
}

describe("the view", () => {
  for (const [name, { path, steps }] of Object.entries(STEPS)) {
    test(`of ${name}: each step has an address that shows the same to another, and the back button goes one step back`, () => visit(browser, path, async (page) => {
      const seen = [{ url: page.url(), view: await look(page) }]
      for (const step of steps) {
        await change(page, () => step(page))
        seen.push({ url: page.url(), view: await look(page) })
      }
      assert.equal(new Set(seen.map(({ view }) => JSON.stringify(view))).size, seen.length, "each step changes what is shown")
      for (const { url, view } of seen.slice(0, -1).reverse()) {
        await change(page, () => page.goBack())
        assert.equal(page.url(), url)
        assert.deepEqual(await look(page), view, `back at ${url}`)
      }
      for (const { url, view } of seen.slice(1)) {
        await change(page, () => page.goForward())
        assert.deepEqual(await look(page), view, `forward to ${url}`)
      }
      for (const { url, view } of seen.slice(1)) {
        await visit(browser, url, async (other) => assert.deepEqual(await look(other), view, `shared: ${url}`))
      }
    }))
  }

  test("a zoom is whole days, which are those of the tables", () => visit(browser, `${PACKAGE}?range=90d`, async (page) => {
    await change(page, () => drag(page, 0.25, 0.5))
    const params = new URL(page.url()).searchParams
    assert.deepEqual([...params.keys()], ["from", "until"])
    const { from, to } = await shown(page, "downloads")
    const date = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10)
    assert.deepEqual([date(from), date(to - DAY), from % DAY, to % DAY], [params.get("from"), params.get("until"), 0, 0])
    const days = await page.$$eval("#download-days tbody th", (cells) => cells.map((cell) => cell.textContent))
    assert.deepEqual([days.at(-1), days[0], days.length], [params.get("from"), params.get("until"), (to - from) / DAY])
    assert.equal(await page.locator("#choose-range [aria-current]").count(), 0)
    const links = await page.$$eval("#embed-links a", (all) => all.map(({ href }) => new URL(href).searchParams.get("from")))
    assert.deepEqual(links, Array(3).fill(params.get("from")))
    await change(page, () => page.keyboard.press("Escape").then(() => page.click("text=Reset")))
    assert.equal(new URL(page.url()).search, "?range=all")
  }))

  test("what is typed at once into the filter is one step", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await page.focus("#filter")
    for (const [index, letter] of [..."flag"].entries()) {
      await page.keyboard.type(letter)
      await page.waitForURL(new RegExp(`q=${"flag".slice(0, index + 1)}$`))
    }
    await page.goBack()
    await page.waitForURL(/\/orgs\/fluxcd$/)
    await page.waitForFunction(() => document.querySelectorAll("#packages tbody tr").length > 4)
    assert.equal(await page.inputValue("#filter"), "")
  }))

  test("two steps at once are both done", () => visit(browser, PACKAGE, async (page) => {
    await page.evaluate(() => {
      document.querySelector("[data-param=scale][data-value=log]").click()
      document.querySelector("[data-param=group][data-value=major]").click()
      document.querySelector("#versions [data-swap=total]").click()
    })
    await page.waitForURL((url) => url.search === "?scale=log&group=major&versions_sort=total")
  }))

  test("goes along to every other page of the dashboard, also after it was changed without a page load", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await change(page, () => page.click("[data-param=range][data-value='1y']"))
    await change(page, () => page.click("[data-param=scale][data-value=log]"))
    await change(page, () => page.click("[data-param=releases][data-value=off]"))
    const follow = async (selector) => {
      await Promise.all([page.waitForNavigation(), page.click(selector)])
      if (await page.locator("[data-chart]").count()) await drawn(page)
      const lost = await page.$$eval("a[href]", (links) => links.map(({ href }) => new URL(href)).filter(({ origin, pathname }) => origin === location.origin && /^\/($|orgs\/|compare$)/.test(pathname))
        .filter(({ searchParams, hash, pathname, search }) => !(hash && pathname === location.pathname && search === location.search))
        .filter(({ searchParams }) => ["range", "scale", "releases"].filter((name) => searchParams.has(name)).length < 2).map(String))
      assert.deepEqual(lost, [], `links of ${page.url()}`)
    }
    await follow("#packages tbody a:text-is('flagger')")
    assert.equal(new URL(page.url()).search, "?range=1y&releases=off&scale=log")
    assert.equal((await shown(page, "total")).scale, "log")
    await follow("text=Compare with others")
    await page.fill("#add", "fluxcd/flux-cli")
    await Promise.all([page.waitForNavigation(), page.click("button:text-is('Add')")])
    await drawn(page)
    assert.equal(new URL(page.url()).searchParams.get("packages"), "fluxcd/flagger,fluxcd/flux-cli")
    assert.equal((await shown(page, "total")).scale, "log")
    await follow("[aria-label='Remove fluxcd/flagger']")
    await follow(".compared a:text-is('fluxcd/flux-cli')")
    await follow(".breadcrumbs a")
    await page.check("input[value='fluxcd/flagger']")
    await Promise.all([page.waitForNavigation(), page.click("[data-compare]")])
    assert.deepEqual([...new URL(page.url()).searchParams].sort(), [["packages", "fluxcd/flagger"], ["range", "1y"], ["releases", "off"], ["scale", "log"]])
    await follow(".brand")
    await follow("tbody a:text-is('fluxcd')")
  }))

  test("without scripts: the same address shows the same days", () => visit(browser, `${PACKAGE}?from=${day(-20)}&until=${day(-11)}`, async (page) => {
    const days = await page.$$eval("#total-days tbody th", (cells) => cells.map((cell) => cell.textContent))
    assert.deepEqual([days[0], days.at(-1), days.length], [day(-11), day(-20), 10])
    assert.equal((await fetch(`${DASHBOARD_URL}${PACKAGE}?from=${day(-20)}&until=${day(-30)}`)).status, 200)
  }, { scripts: false }))
})
