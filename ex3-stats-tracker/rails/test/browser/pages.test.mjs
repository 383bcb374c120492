// The pages around the charts: navigation, sorting, filters and comparisons, with scripts and without; and their messages
// where there is little data.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { launch, DASHBOARD_URL, visit } from "./browser.mjs"

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const names = (page) => page.$$eval("#packages tbody th a", (links) => links.map((link) => link.textContent))
const text = async (page, selector = "main") => (await page.textContent(selector)).replace(/\s+/g, " ")

describe("an organisation", () => {
  test("shows its exact total, its growth, when it was read and what failed", () => visit(browser, "/orgs/fluxcd", async (page) => {
    assert.match(await text(page, ".total"), /^\d{1,3}(,\d{3}){3}$/)
    assert.ok((await text(page, "#total .legend")).includes(await text(page, ".total")), "the chart ends with the same total")
    const periods = await page.$$eval(".periods > div", (cells) => cells.map((cell) => cell.textContent.replace(/\s+/g, " ").trim()))
    assert.match(periods[0], /^[A-Z][a-z]+day, \d{4}-\d\d-\d\d [\d,]+ [+−][\d.]+ % against the [A-Z][a-z]+day before lacks days of 2 packages compared without 2 packages$/)
    assert.match(periods[1], /^7 days to \d{4}-\d\d-\d\d [\d,]+ [+−][\d.]+ % against the 7 days before lacks days of 2 packages compared without 2 packages$/)
    // The vanished package and the one of the last 45 days have not all days of both periods either.
    assert.match(periods[2], /^30 days to \d{4}-\d\d-\d\d [\d,]+ [+−][\d.]+ % against the 30 days before lacks days of 2 packages compared without 4 packages$/)
    const growth = await page.$$eval(".growth > div", (cells) => cells.map((cell) => cell.textContent.replace(/\s+/g, " ").trim()))
    assert.equal(growth.length, 4)
    for (const [index, span] of ["1 day", "7 days", "30 days", "365 days"].entries()) {
      assert.match(growth[index], new RegExp(`^${span} \\+[\\d,]+ without \\d packages$`))
    }
    await page.click(".growth-of-total summary")
    const leftOut = await text(page, ".growth-left-out")
    assert.match(leftOut, /1 day and 7 days: without 2 packages not read at its end/)
    assert.match(leftOut, /30 days: without 2 packages not read at its end and 1 package that is gone, with [\d,]+/)
    const trust = await text(page, ".trust")
    assert.match(trust, /Last read (just now|\d+ (minute|hour)s? ago) fresh \d{4}-\d\d-\d\d \d\d:\d\d UTC/)
    assert.match(trust, /13 of 15 read 2 failed/)
    assert.match(await text(page, ".headline"), /2 packages can't be read, counted as last read, if ever/)
  }))

  test("is stale when nothing was read for days", () => visit(browser, "/orgs/real-org", async (page) => {
    assert.match(await text(page, ".trust"), /5 days ago stale/)
  }))

  test("sorts its packages by each column, in both directions, with the order in the URL and without losing the focus", () => visit(browser, "/orgs/fluxcd", async (page) => {
    const column = (selector) => page.$$eval(`#packages tbody ${selector}`, (cells) => cells.map((cell) => cell.textContent.trim()))
    const numbers = async (selector) => (await column(selector)).map((cell) => Number(cell.replace(/[+,]/g, "").replace("−", "-"))).filter((number) => !Number.isNaN(number))
    const descending = (list) => [...list].sort((one, other) => other - one)
    let totals = await numbers(".package-total")
    assert.deepEqual(totals, descending(totals))
    assert.equal(await page.locator("#packages th[aria-sort=descending]").textContent(), "Total")

    await page.click("[data-swap=week]")
    await page.waitForURL(/sort=week/)
    const weeks = await numbers(".week")
    assert.deepEqual(weeks, descending(weeks))
    assert.equal(await page.evaluate(() => document.activeElement.dataset.swap), "week", "the focus stays")
    await page.click("[data-swap=week]")
    await page.waitForURL(/direction=asc/)
    assert.deepEqual(await numbers(".week"), weeks.reverse())

    await page.click("[data-swap=name]")
    await page.waitForURL(/sort=name/)
    const listed = await names(page)
    assert.deepEqual(listed, [...listed].sort())
    await page.click("[data-swap=total]")
    await page.waitForURL(/\/orgs\/fluxcd$/)
    assert.equal((await column(".package-total")).at(-1), "never read", "unknown totals come last")
  }))

  test("filters during typing, by package and by repository, and keeps the selection", () => visit(browser, "/orgs/fluxcd?sort=name", async (page) => {
    await page.check("input[value='fluxcd/flux-cli']")
    await page.fill("#filter", "FLAGGER")
    await page.waitForURL(/q=FLAGGER/)
    assert.deepEqual(await names(page), ["charts/flagger", "flagger", "flagger-loadtester"])
    assert.match(page.url(), /sort=name/)
    assert.equal(await page.evaluate(() => document.activeElement.id), "filter")
    await page.check("input[value='fluxcd/charts/flagger']")
    await page.fill("#filter", "%")
    await page.waitForURL(/q=%25/)
    assert.match(await text(page, "#packages"), /No package's name or repository holds “%”/, "SQL's wildcards are escaped")
    await page.fill("#filter", "flux2")
    await page.waitForURL(/q=flux2/)
    assert.deepEqual(await names(page), ["flux-cli"], "by its repository")
    assert.equal(await page.isChecked("input[value='fluxcd/flux-cli']"), true)
    assert.equal(await text(page, "[data-compare]"), "Compare 2")
    await page.click("[data-compare]")
    await page.waitForURL(/compare\?packages=fluxcd/)
    assert.equal(new URL(page.url()).searchParams.get("packages"), "fluxcd/flux-cli,fluxcd/charts/flagger")
  }))

  test("sorts and compares packages on a phone too", () => visit(browser, "/orgs/fluxcd", async (page) => {
    for (const [sort, column] of [["week", "week"], ["total", "package-total"], ["month", "month"]]) {
      await page.tap(`#packages thead [data-swap=${sort}]`)
      await page.waitForURL((url) => (url.searchParams.get("sort") ?? "total") === sort)
      const numbers = await page.$$eval(`#packages tbody .${column}`, (cells) => cells.map((cell) => Number(cell.textContent.replace(/[+,]/g, "").replace("−", "-"))).filter((number) => !Number.isNaN(number)))
      assert.deepEqual(numbers, [...numbers].sort((one, other) => other - one), sort)
    }
    await page.tap("#packages tbody tr:last-child input")
    await page.tap("#packages tbody tr:nth-last-child(2) input")
    const seen = await page.$eval("[data-compare]", (button) => {
      const { top, bottom } = button.getBoundingClientRect()
      return top >= 0 && bottom <= innerHeight
    })
    assert.ok(seen, "the button is on the screen beside the last row")
    await page.tap("[data-compare]")
    await page.waitForURL(/compare\?packages=[^,]+%2C[^,]+$/)
  }, { width: 390, height: 844, touch: true }))

  test("lists failing and vanished packages", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await page.click("#packages-states [data-swap=failing]")
    await page.waitForURL(/state=failing/)
    assert.deepEqual((await names(page)).sort(), ["flux-cli", "never-read"])
    assert.match(await text(page, "#packages-table"), /markup changed/)
    await page.click("#packages-states [data-swap=gone]")
    await page.waitForURL(/state=gone/)
    assert.deepEqual(await names(page), ["gone-for-good"])
  }))

  test("has pages where there are many packages", () => visit(browser, "/orgs/large-org", async (page) => {
    assert.equal((await names(page)).length, 200)
    await page.click("text=Next")
    await page.waitForURL(/page=2/)
    assert.equal((await names(page))[0], "package-250")
    await page.click("text=Next")
    await page.waitForURL(/page=3/)
    assert.equal((await names(page)).length, 50)
    assert.equal(await page.locator("text=Next").count(), 0)
  }))

  test("sorts, filters and compares without scripts", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await page.click("[data-swap=name]")
    assert.deepEqual((await names(page)).slice(0, 2), ["charts/flagger", "flagger"])
    await page.fill("#filter", "flagger")
    await page.click("button:text-is('Filter')")
    assert.deepEqual(await names(page), ["charts/flagger", "flagger", "flagger-loadtester"])
    await page.check("input[value='fluxcd/flagger']")
    await page.check("input[value='fluxcd/charts/flagger']")
    await page.click("[data-compare]")
    assert.equal(new URL(page.url()).searchParams.get("packages"), "fluxcd/charts/flagger,fluxcd/flagger")
    await page.goto("/orgs/fluxcd?range=30d")
    await page.click("#download-days summary")
    assert.equal(await page.locator("#download-days tbody tr").count(), 30)
    assert.equal(await page.locator("#days tbody tr").count(), 30)
    assert.match(await text(page, "#total"), /Charts are drawn by a script/)
  }, { scripts: false }))

  test("accepts or refuses invalid parameters without an error of the server", async () => {
    for (const query of ["page=-1", "page=99999999999999999999", "sort=id;--", "direction=up", "q[]=1", "q=%00%FF", "range=x", "range[]=1", "state=x", "page[a]=1", "q=" + "x".repeat(5000)]) {
      const response = await fetch(`${DASHBOARD_URL}/orgs/fluxcd?${query}`)
      assert.ok([200, 400].includes(response.status), `${response.status} for ${query}`)
    }
  })
})

describe("a package", () => {
  test("with slashes in its name has its own URL", () => visit(browser, "/orgs/fluxcd", async (page) => {
    await page.click("text=charts/flagger")
    await page.waitForURL(/\/orgs\/fluxcd\/packages\/charts\/flagger$/)
    assert.equal(await text(page, "h1"), "charts/flagger")
    for (const link of await page.$$eval(".site-foot a, .card a", (links) => links.map(({ href }) => href))) {
      const response = await fetch(link)
      assert.ok(response.ok, `${response.status} for ${link}`)
    }
    assert.equal(await page.$eval("img", ({ naturalWidth }) => naturalWidth > 50), true, "the badge")
  }))

  test("has snippets that a button copies, and that show what they say", () => visit(browser, "/orgs/fluxcd/packages/flagger?range=30d", async (page) => {
    await page.context().grantPermissions(["clipboard-read", "clipboard-write"])
    const snippets = page.locator("#embed .snippet")
    assert.equal(await snippets.count(), 2)
    for (let index = 0; index < 2; index++) {
      await snippets.nth(index).locator(".copy").click()
      await page.waitForFunction((at) => document.querySelectorAll("#embed .copy")[at].textContent === "Copied", index)
      const copied = await page.evaluate(() => navigator.clipboard.readText())
      assert.equal(copied, await snippets.nth(index).locator("pre").textContent())
      for (const address of copied.match(/http:[^)"\s]+/g)) {
        const response = await fetch(address)
        assert.ok(response.ok, `${response.status} for ${address}`)
      }
    }
    // The links follow the range that was chosen without a page load.
    await page.click("[data-param=range][data-value='1y']")
    await page.waitForURL(/range=1y/)
    const links = await page.$$eval("#embed-links a", (all) => all.map(({ href }) => new URL(href).searchParams.get("range")))
    assert.deepEqual(links, ["1y", "1y", "1y"])
  }))

  test("has badges and pictures that a browser draws, also without the dashboard's styles", () => visit(browser, "/", async (page) => {
    const paths = [
      ...["total", "month", "week", "day", "version"].flatMap((show) => ["flat", "flat-square", "for-the-badge"].map((style) => `/badges/fluxcd/flagger.svg?show=${show}&style=${style}`)),
      ...["total", "downloads", "versions"].flatMap((show) => ["light", "dark"].map((theme) => `/charts/fluxcd/flagger.svg?show=${show}&theme=${theme}&range=all`)),
      "/charts/fluxcd.svg", "/compare.svg?packages=fluxcd/flagger,fluxcd/flux-cli",
    ]
    for (const path of paths) {
      const [width, height] = await page.evaluate(async (source) => {
        const image = new Image()
        image.src = source
        await image.decode()
        return [image.naturalWidth, image.naturalHeight]
      }, path)
      assert.ok(path.startsWith("/badges") ? width > 50 && [20, 28].includes(height) : width === 800 && height === 400, `${width} x ${height}: ${path}`)
    }
    // No text of a picture is outside of it, or over another one.
    for (const path of paths.filter((one) => !one.startsWith("/badges"))) {
      await page.goto(path)
      const faults = await page.evaluate(() => {
        const boxes = [...document.querySelectorAll("text")].map((element) => ({ text: element.textContent, box: element.getBBox() }))
        const outside = boxes.filter(({ box }) => box.x < 0 || box.y < 0 || box.x + box.width > 800 || box.y + box.height > 400)
        const over = boxes.filter(({ box }, index) => boxes.slice(index + 1).some((other) =>
          box.x < other.box.x + other.box.width && other.box.x < box.x + box.width && box.y < other.box.y + other.box.height - 2 && other.box.y < box.y + box.height - 2))
        return [...outside, ...over].map(({ text }) => text)
      })
      assert.deepEqual(faults, [], path)
    }
  }, { charts: false }))

  test("has a notice when its total fell, when it can't be read and when it has vanished", async () => {
    await visit(browser, "/orgs/fluxcd/packages/flagger-loadtester", async (page) => assert.match(await text(page), /The total fell from [\d,]+ when it was read/))
    await visit(browser, "/orgs/fluxcd/packages/flux-cli", async (page) => {
      assert.match(await text(page), /can't be read since .* UTC: markup changed\. GitHub answered with a page the parser does not know/)
      assert.match(await text(page, "#failures"), /flux-cli could not be read: markup changed <invented>/)
    })
    await visit(browser, "/orgs/fluxcd/packages/gone-for-good", async (page) => assert.match(await text(page), /GitHub no longer lists this package, since/))
  })

  test("pages through its versions and sorts them; those that are pulled most come first", () => visit(browser, "/orgs/fluxcd/packages/flux-cli", async (page) => {
    const numbers = (column) => page.$$eval(`#versions tbody td:nth-child(${column})`, (cells) => cells.map((cell) => Number(cell.textContent.replace(/[+,]/g, ""))))
    const descending = (list) => [...list].sort((one, other) => other - one)
    const weeks = await numbers(4)
    assert.equal(weeks.length, 20)
    assert.deepEqual(weeks, descending(weeks))
    assert.equal(await page.locator("#versions th[aria-sort=descending]").textContent(), "7 days")
    await page.click("#versions >> text=Next")
    await page.waitForURL(/versions_page=2/)
    assert.equal((await numbers(4)).length, 20)
    await page.click("#versions th >> text=Total")
    await page.waitForURL(/versions_sort=total/)
    const totals = await numbers(8)
    assert.deepEqual(totals, descending(totals))
  }))

  test("names the version that is pulled most and the newest release", () => visit(browser, "/orgs/fluxcd/packages/source-controller", async (page) => {
    assert.match(await text(page, ".findings"), /v\d\.\d+\.\d is pulled most: [\d,]+ in 7 days, [\d.]+ % of all versions\. It is the newest release, first seen 10 days ago, on \d{4}-\d\d-\d\d\./)
    assert.equal(await page.$eval("#versions tbody tr", (row) => row.textContent.includes("newest")), true, "it is the first row")
  }))

  test("tells signatures and attestations apart, and leaves them out", () => visit(browser, "/orgs/fluxcd/packages/flux-cli?versions_sort=newest&versions_direction=asc", async (page) => {
    assert.match(await text(page, "#versions tbody"), /sha256-[0-9a-f]{64}\.sig signature/)
    await page.click("text=Without signatures and attestations (3)")
    await page.waitForURL(/attached=off/)
    assert.doesNotMatch(await text(page, "#versions tbody"), /signature|attestation/)
    assert.match(await text(page, "#versions"), /53 tagged versions/)
  }))
})

describe("comparing", () => {
  const COMPARED = "/compare?packages=fluxcd/flagger,fluxcd/charts/flagger,gap-org/with-gap"

  test("shows several packages, also of several organisations, in the same charts", () => visit(browser, COMPARED, async (page) => {
    for (const id of ["total", "downloads"]) {
      const legend = await page.$$eval(`#${id} .legend-name`, (names) => names.map((name) => name.textContent))
      assert.deepEqual(legend, ["flagger", "charts/flagger", "with-gap"])
      const seen = await page.$eval(`#${id}`, ({ chart: { plot } }) => plot.series.slice(1).map(({ min, max }) => max > min))
      assert.deepEqual(seen, [true, true, true])
    }
    assert.equal(await page.locator("#total-days thead th").count(), 4)
  }))

  test("adds and removes packages, which are in the URL", () => visit(browser, COMPARED, async (page) => {
    await page.fill("#add", "fluxcd/flux-cli")
    await page.click("button:text-is('Add')")
    await page.waitForURL(/flux-cli/)
    assert.equal(new URL(page.url()).searchParams.get("packages"), "fluxcd/flagger,fluxcd/charts/flagger,gap-org/with-gap,fluxcd/flux-cli")
    await page.click("[aria-label='Remove fluxcd/flagger']")
    await page.waitForURL((url) => !url.searchParams.get("packages").startsWith("fluxcd/flagger"))
    assert.equal(await page.locator(".compared tbody tr").count(), 3)
  }))

  test("names packages that are not tracked, and those above the maximum", async () => {
    await visit(browser, "/compare?packages=fluxcd/flagger,fluxcd/nothing,nonsense", async (page) =>
      assert.match(await text(page), /Not tracked: fluxcd\/nothing, nonsense\./))
    const many = Array.from({ length: 10 }, (_, index) => `large-org/package-00${index}`).slice(1).join(",")
    await visit(browser, `/compare?packages=${many}`, async (page) => {
      assert.match(await text(page), /More than 8 can't be told apart\. Left out: large-org\/package-009\./)
      assert.equal(await page.locator(".compared tbody tr").count(), 8)
    })
    await visit(browser, "/compare", async (page) => assert.match(await text(page), /Choose up to 8 packages/))
  })
})

describe("where there is little to show", () => {
  const says = (path, pattern, options) => visit(browser, path, async (page) => assert.match(await text(page), pattern), options)

  test("an organisation that was never collected: the next command", () =>
    says("/orgs/empty-org", /was never collected .* bin\/rails 'stats:collect\[empty-org\]'/))
  test("an organisation without a successful reading: the reason", () =>
    says("/orgs/all-failed-org", /Nothing could be read yet .* read none of 2 packages\. .* 2 × markup changed/))
  test("an organisation that GitHub no longer shows", () => says("/orgs/vanished-org", /GitHub no longer shows vanished-org, since/))
  test("a single measurement: no growth yet", () => says("/orgs/new-org", /Total downloads 17 .*1 day – nothing read 1 day before/))
  test("a package that was never read: the reason", () => says("/orgs/all-failed-org/packages/one", /never read 1 attempt failed, the last at .*: markup changed/))
  test("an organisation that is not tracked", () =>
    says("/orgs/nobody", /not tracked .*stats:collect\[nobody\]/, { status: 404, expected: /404/ }))
  test("an unknown package", () => says("/orgs/fluxcd/packages/nothing", /No such package/, { status: 404, expected: /404/ }))
  test("any other path", () => visit(browser, "/nothing", async (page) =>
    assert.match(await text(page), /There is no such page/), { status: 404, expected: /404/ }))
})

describe("the source of figures", () => {
  test("every page with figures of the stand-in is labelled", async () => {
    for (const path of ["/", "/orgs/fluxcd", "/orgs/fluxcd/packages/flagger", "/orgs/empty-org", "/compare?packages=real-org/stale,fluxcd/flagger"]) {
      await visit(browser, path, async (page) => {
        assert.match(await text(page, ".stand-in"), /STAND-IN (These|Some of these) figures are invented/, path)
        assert.equal(await page.locator(".stand-in").evaluate((element) => getComputedStyle(element).position), "sticky")
      })
    }
  })

  test("GitHub's figures are not labelled as invented", async () => {
    for (const path of ["/orgs/real-org", "/orgs/real-org/packages/stale", "/compare?packages=real-org/stale"]) {
      await visit(browser, path, async (page) => assert.equal(await page.locator(".stand-in").count(), 0, path))
    }
  })
})

describe("untrusted names", () => {
  test("are escaped", async () => {
    const packages = await visit(browser, "/orgs/hostile-org", async (page) => {
      assert.match(await page.title(), /^hostile-org/)
      return page.$$eval("#packages tbody th a", (links) => links.map(({ href, textContent }) => ({ href, name: textContent })))
    })
    assert.equal(packages.length, 6)
    for (const { href, name } of packages) {
      await visit(browser, href, async (page) => {
        assert.equal(await page.textContent("h1"), name)
        assert.equal(await page.title(), `${name} · hostile-org · Stats Tracker`)
        assert.equal(await page.locator("main script, main img[src=x], main b").count(), 0)
      })
      await visit(browser, `/compare?packages=${encodeURIComponent(`hostile-org/${name}`)}`, (page) => page.textContent("main"))
    }
    await visit(browser, `/orgs/hostile-org?q=${encodeURIComponent("<script>document.title='owned'</script>")}`, async (page) => {
      assert.equal((await names(page)).length, 1)
    })
  })
})

describe("headers", () => {
  test("no script or style is inline, and the policy would not run one", async () => {
    for (const path of ["/", "/orgs/fluxcd", "/orgs/fluxcd/packages/flagger", "/compare?packages=fluxcd/flagger", "/orgs/nobody"]) {
      const response = await fetch(DASHBOARD_URL + path)
      const policy = response.headers.get("content-security-policy")
      assert.match(policy, /script-src 'self'(;|$)/)
      assert.match(policy, /style-src 'self'(;|$)/)
      assert.match(policy, /default-src 'none'/)
      assert.equal(response.headers.get("set-cookie"), null)
      const page = await response.text()
      const inline = await visit(browser, "/compare", (blank) => blank.evaluate((page) => {
        const all = [...new DOMParser().parseFromString(page, "text/html").querySelectorAll("*")]
        const isInline = (element) => element.matches("style, script:not([src])") || element.getAttributeNames().some((name) => name === "style" || name.startsWith("on"))
        return all.filter(isInline).map(({ outerHTML }) => outerHTML.slice(0, 200))
      }, page))
      assert.deepEqual(inline, [], path)
    }
  })

  test("scripts and styles are cached forever, under a name with a hash of their content", async () => {
    const page = await (await fetch(`${DASHBOARD_URL}/compare`)).text()
    for (const [path] of page.matchAll(/\/assets\/application-[A-Z0-9]+\.(css|js)/g)) {
      assert.match((await fetch(DASHBOARD_URL + path)).headers.get("cache-control"), /immutable/)
    }
  })
})
