// The static export: a web server that only sends files serves it below a path, as a project's Pages do. Every link leads to
// a file, every chart is drawn, and no request leaves that path.

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { drawn, frames, launch, shown } from "./browser.mjs"

const PATH = "/project/"
const TYPES = { html: "text/html", js: "text/javascript", css: "text/css", svg: "image/svg+xml", json: "application/json", csv: "text/csv", atom: "application/atom+xml" }

let browser
let server
let origin
before(async () => {
  browser = await launch()
  server = createServer(async (request, response) => {
    const { pathname } = new URL(request.url, "http://127.0.0.1")
    try {
      assert.ok(pathname.startsWith(PATH))
      const file = decodeURIComponent(pathname.slice(PATH.length)).replace(/(^|\/)$/, "$1index.html")
      const content = await readFile(join(process.env.SITE, file))
      response.writeHead(200, { "Content-Type": `${TYPES[file.split(".").at(-1)]}; charset=utf-8` }).end(content)
    } catch {
      response.writeHead(404).end()
    }
  })
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${server.address().port}`
})
after(async () => {
  await browser.close()
  server.close()
})

/** Calls `look` with a page that records its errors, and its requests that failed or left the export. */
async function visit(path, look) {
  const context = await browser.newContext({ timezoneId: "America/Los_Angeles" })
  context.setDefaultTimeout(120_000)
  try {
    const page = await context.newPage()
    const errors = []
    page.on("console", (message) => ["error", "warning"].includes(message.type()) && errors.push(message.text()))
    page.on("pageerror", (error) => errors.push(error.stack))
    // A request that a reload ends has not failed.
    page.on("requestfailed", (request) => request.failure()?.errorText === "net::ERR_ABORTED" || errors.push(`failed: ${request.url()}`))
    page.on("request", (request) => request.url().startsWith("data:") || request.url().startsWith(origin + PATH) || errors.push(`elsewhere: ${request.url()}`))
    page.on("response", (response) => response.status() < 400 || errors.push(`${response.status()}: ${response.url()}`))
    await page.goto(origin + PATH + path)
    await drawn(page)
    const answer = await look(page)
    assert.deepEqual(errors, [], path)
    return answer
  } finally {
    await context.close()
  }
}

/** The page's links and embedded files, and the ids that a link can lead to. */
const linked = (page) => page.evaluate(() => ({
  url: location.href.replace(/#.*/, ""),
  ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
  links: [...document.querySelectorAll("a[href], link[href], img[src], script[src], source[srcset]")].map((element) => element.href || element.src || element.srcset),
  charts: document.querySelectorAll("[data-chart]").length,
}))

describe("the static export", () => {
  test("every page is drawn, and every link leads somewhere", async () => {
    const pages = new Map()
    const files = new Set()
    const fragments = []
    const queue = [`${origin}${PATH}index.html`]
    while (queue.length > 0) {
      const next = queue.shift()
      if (pages.has(next)) continue
      const found = await visit(next.slice((origin + PATH).length), linked)
      pages.set(next, found)
      for (const link of found.links) {
        const url = new URL(link)
        if (url.origin !== origin) {
          assert.equal(url.protocol, "https:", link)
          continue
        }
        assert.ok(url.pathname.startsWith(PATH), `${link} of ${next}`)
        const [fragment, target] = [url.hash.slice(1), origin + url.pathname]
        if (fragment) fragments.push([target, fragment, next])
        if (!target.endsWith(".html")) files.add(target)
        else if (!pages.has(target)) queue.push(target)
      }
    }
    for (const file of files) assert.equal((await fetch(file)).status, 200, file)
    for (const [target, fragment, page] of fragments) assert.ok(pages.get(target).ids.includes(fragment), `#${fragment} of ${page}`)
    const paths = [...pages.keys()].map((url) => url.slice((origin + PATH).length))
    for (const path of ["orgs/fluxcd/index.html", "orgs/fluxcd/~state-failing/index.html", "orgs/fluxcd/packages/charts/flagger/index.html", "orgs/fluxcd/packages/v1.2.json/index.html"]) {
      assert.ok(paths.includes(path), `${path} of ${paths}`)
    }
    assert.ok([...files].some((file) => file.endsWith(".csv")) && [...files].some((file) => file.endsWith(".svg")) && [...files].some((file) => file.endsWith(".atom")))
    assert.ok([...pages.values()].filter(({ charts }) => charts > 1).length > 10)
  })

  test("the charts show another range, unit and grouping, and their address shows the same", () => visit("orgs/fluxcd/packages/flagger-loadtester/index.html", async (page) => {
    const [whole] = [await shown(page, "total")]
    await page.click("a[data-param=range][data-value='30d']")
    const narrow = await shown(page, "total")
    assert.ok(narrow.from > whole.from)
    const sources = []
    page.on("response", (response) => sources.push(decodeURIComponent(new URL(response.url()).pathname)))
    await page.click("a[data-param=group][data-value=minor]")
    await page.waitForFunction(() => document.getElementById("versions-source").dataset.source.includes("group-minor"))
    await frames(page, 5)
    await page.click("a[data-param=scale][data-value=log]")
    const address = new URL(page.url())
    assert.deepEqual([address.searchParams.get("range"), address.searchParams.get("group"), address.searchParams.get("scale")], ["30d", "minor", "log"])
    await page.reload()
    await drawn(page)
    assert.ok(sources.some((source) => source.includes("~group-minor")), sources.join(" "))
    assert.deepEqual(await shown(page, "total"), { ...narrow, scale: "log" })
    assert.equal(await page.textContent("a[data-param=group][aria-current]"), "Minor")
  }))

  test("nothing is left that needs a server", () => visit("orgs/fluxcd/index.html", async (page) => {
    assert.equal(await page.locator("form, [data-compare], input[type=checkbox]").count(), 0)
    assert.match(await page.textContent("footer"), /A copy of \d{4}-/)
    assert.match(await page.textContent("#embed"), /https:\/\/owner\.example\/project\/badges\/fluxcd~show-month\.svg/)
    assert.match(await page.textContent(".stand-in"), /invented/)
  }))
})
