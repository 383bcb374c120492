// The charts: their drawing, zoom by every input device, linear and logarithmic scale, and their text for screen readers.

import assert from "node:assert/strict"
import { after, before, describe, test } from "node:test"
import { day, drawn, frames, launch, pixels, shown, visit } from "./browser.mjs"

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const DAY = 86_400
/** The charts over dates: that of the releases is over their age. */
const DATED = "[data-chart]:not(#adoption)"
const GAP_PACKAGE = "/orgs/gap-org/packages/with-gap?range=90d"

describe("the drawing", () => {
  test("a line of totals is drawn where totals are known", () => visit(browser, GAP_PACKAGE, async (page) => {
    const known = await pixels(page, "total", { from: day(-85), to: day(-55), names: ["series-1", "gap-line"] })
    assert.ok(known["series-1"] > 100, `the line: ${known["series-1"]} pixels`)
    assert.equal(known["gap-line"], 0)
  }))

  test("a gap of the totals is hatched, without a line through it or at zero", () => visit(browser, GAP_PACKAGE, async (page) => {
    const gap = await pixels(page, "total", { from: day(-49), to: day(-22), names: ["series-1", "gap-line", "gap"] })
    assert.equal(gap["series-1"], 0, "no line in the gap")
    assert.ok(gap.gap > 1000 && gap["gap-line"] > 200, "hatched")
    assert.equal(await page.$eval("#total", (figure) => figure.chart.drawnGaps), 1)
  }))

  test("unknown days are hatched, and a day of no downloads is not", () => visit(browser, GAP_PACKAGE, async (page) => {
    const names = ["series-1", "gap-line"]
    const unknown = await pixels(page, "downloads", { from: day(-49), to: day(-22), names })
    assert.equal(unknown["series-1"], 0)
    assert.ok(unknown["gap-line"] > 200)
    // Without the edges of the day, so that no neighbouring bar is counted.
    const zero = await pixels(page, "downloads", { from: `${day(-10)}T03:00Z`, to: `${day(-10)}T21:00Z`, bottom: 0.95, names })
    assert.deepEqual(zero, { "series-1": 0, "gap-line": 0 })
    const counted = await pixels(page, "downloads", { from: `${day(-12)}T03:00Z`, to: `${day(-12)}T21:00Z`, bottom: 0.95, names })
    assert.ok(counted["series-1"] > 100)
  }))

  test("the axis has its marks where days begin in UTC", () => visit(browser, GAP_PACKAGE.replace("90d", "30d"), async (page) => {
    const marks = await page.$eval("#total", ({ chart }) => chart.plot.axes[0]._splits)
    assert.ok(marks.length > 3)
    assert.deepEqual(marks.map((seconds) => new Date(seconds * 1000).toISOString().slice(11)), marks.map(() => "00:00:00.000Z"))
  }))

  test("the day that is not over is marked, in the downloads and not in the totals", () => visit(browser, GAP_PACKAGE, async (page) => {
    const today = { from: day(0), to: day(1), names: ["unsettled"], bottom: 0.9 }
    assert.ok((await pixels(page, "downloads", today)).unsettled > 20)
    assert.equal((await pixels(page, "total", today)).unsettled, 0)
    assert.match(await page.textContent("#downloads .legend"), /10,000, still counting/)
  }))

  test("failures are crosses on the axis, and a total that fell is marked", () => visit(browser, "/orgs/fluxcd/packages/flagger-loadtester?range=all", async (page) => {
    const chart = await page.$eval("#total", ({ chart }) => ({ failures: chart.drawnFailures, falls: chart.drawnFalls, gaps: chart.drawnGaps }))
    assert.deepEqual(chart, { failures: 1, falls: 1, gaps: 2 })
    const cross = await pixels(page, "total", { from: `${day(-22)}T12:00Z`, to: day(-18), top: 0.97, bottom: 1, names: ["danger"] })
    assert.ok(cross.danger > 3, `the cross: ${cross.danger} pixels`)
  }))

  test("a cross has an outline that separates it from its bar", () => visit(browser, "/orgs/fluxcd/packages/flagger-loadtester?range=30d", async (page) => {
    const within = (offset) => ({ from: `${day(offset)}T06:00Z`, to: `${day(offset)}T18:00Z`, top: 0.97, bottom: 1, names: ["surface"] })
    assert.equal((await pixels(page, "downloads", within(-26))).surface, 0)
    assert.ok((await pixels(page, "downloads", within(-20))).surface > 3)
  }))

  describe("a history that was read once a fortnight, and lately more often", () => {
    const READ = [100, 86, 72, 58, 44, 36, 22, 8, 7, 1, 0]
    const days = (document) => {
      const totals = Array(101).fill(null)
      for (const ago of READ) totals[100 - ago] = 1_000_000 - ago * 5_000
      return { ...document, from: day(-100), days: 101, totals, downloads: totals.map(() => null), unsettled: [], failures: [], fell: [], versions: [] }
    }
    const options = { before: (page) => page.route("**/api/chart/**", async (route) => route.fulfill({ json: days(await (await route.fetch()).json()) })) }

    test("has no gap", () => visit(browser, GAP_PACKAGE, async (page) => {
      assert.deepEqual(await page.$eval("#total", ({ chart }) => chart.series[0].gaps), [])
    }, options))

    test("has the nearest reading's value and date at each place of its line", () => visit(browser, GAP_PACKAGE, async (page) => {
      const readouts = await page.$eval("#total", ({ chart }) => {
        const { view } = chart
        const from = chart.series[0].x[0]
        return Array.from({ length: 111 }, (_, index) => {
          const moment = Math.max(from, view.min) + ((view.max - Math.max(from, view.min)) * index) / 111
          chart.moveCursor(moment)
          return { moment, date: chart.legend.time.textContent, value: chart.legend.values[0].textContent }
        })
      })
      for (const { moment, date, value } of readouts) {
        const ago = READ.map((one) => ({ one, distance: Math.abs(Date.parse(`${day(-one)}T12:00Z`) / 1000 - moment) })).sort((a, b) => a.distance - b.distance)[0].one
        assert.deepEqual({ date, value }, { date: day(-ago), value: (1_000_000 - ago * 5_000).toLocaleString("en-US") })
      }
    }, options))

    for (const scale of ["linear", "log"]) {
      test(`is drawn up to the edges of the view where its next points are outside, ${scale}`, () => visit(browser, `${GAP_PACKAGE.replace("90d", "30d")}&scale=${scale}`, async (page) => {
        const left = await pixels(page, "total", { from: day(-29), to: day(-28), names: ["series-1"] })
        assert.ok(left["series-1"] > 5, `${left["series-1"]} pixels`)
      }, options))
    }
  })

  test("an organisation's days have the number of their stale packages", () => visit(browser, "/orgs/fluxcd", async (page) => {
    assert.match(await page.textContent("#total .legend"), /[\d,]{13}, \d+ packages? as of an earlier day/)
  }))

  test("a single measurement is a point", () => visit(browser, "/orgs/new-org/packages/read-once", async (page) => {
    assert.ok((await pixels(page, "total", { from: day(0), to: day(1), names: ["series-1"] }))["series-1"] > 10)
  }))

  test("a single day has days and whole numbers at its axes, and no label of the next day", () => visit(browser, "/orgs/new-org/packages/read-once", async (page) => {
    for (const chart of ["#total", "#downloads"]) {
      const [days, counts] = await page.$eval(chart, ({ chart }) => chart.plot.axes.map((axis) => axis._values))
      assert.match(days.join(" "), /^\d+ [A-Z][a-z]+\n\d{4} \d+ [A-Z][a-z]+(\n\d{4})? $/, chart)
      assert.ok(counts.length > 1 && counts.every((count) => /^\d+$/.test(count)), `${chart}: ${counts.join()}`)
    }
  }))

  test("where nothing was read lately, the axis still goes on to today, as a gap", () => visit(browser, "/orgs/real-org/packages/stale", async (page) => {
    const lately = await pixels(page, "total", { from: day(-4), to: day(-1), names: ["series-1", "gap"] })
    assert.equal(lately["series-1"], 0)
    assert.ok(lately.gap > 100)
  }))

  test("a chart without any figure is hatched, and not empty like one of zeros", () => visit(browser, "/orgs/new-org/packages/read-once", async (page) => {
    const { gap } = await pixels(page, "downloads", { from: day(-1), to: day(0), names: ["gap"] })
    assert.ok(gap > 100, String(gap))
  }))

  test("the downloads of each version are stacked, and can be hidden", () => visit(browser, "/orgs/fluxcd/packages/flagger?range=all", async (page) => {
    const series = page.locator("#versions-chart .legend button")
    const names = await series.locator(".legend-name").allTextContents()
    assert.ok(names.length >= 7 && names.length <= 8, names.join())
    assert.equal(names.at(-1), "others")
    const stack = await page.$eval("#versions-chart", ({ chart }) => ({ tops: chart.data.slice(1).map((column) => column.at(-1)), values: chart.series.map(({ y }) => y.at(-1)) }))
    assert.ok(Math.abs(stack.tops.at(-1) - stack.values.reduce((sum, value) => sum + value, 0)) < 1e-6)
    const first = { from: day(-399), to: day(0), names: ["series-1"] }
    assert.ok((await pixels(page, "versions-chart", first))["series-1"] > 20)
    await series.first().click()
    await frames(page)
    assert.equal((await pixels(page, "versions-chart", first))["series-1"], 0)
    assert.equal(await series.first().getAttribute("aria-pressed"), "false")
  }))

  test("the colours follow the system while the page is open", () => visit(browser, GAP_PACKAGE, async (page) => {
    const light = await page.$eval("#total", ({ chart }) => chart.palette.series[0])
    await page.emulateMedia({ colorScheme: "dark" })
    await frames(page)
    const dark = await page.$eval("#total", ({ chart }) => chart.palette.series[0])
    assert.notEqual(dark, light)
    assert.ok((await pixels(page, "total", { from: day(-85), to: day(-55), names: ["series-1"] }))["series-1"] > 100)
  }))

  test("an error of loading the data is shown, and the table remains", () => visit(browser, GAP_PACKAGE, async (page) => {
    await page.waitForSelector("#total[data-state=failed]")
    assert.match(await page.textContent("#total .plot"), /could not be loaded \(the server answered 500\)/)
    assert.equal(await page.locator("#total-days tbody tr").count(), 61)
  }, { charts: false, expected: /status of 500/, before: (page) => page.route("**/api/chart/**", (route) => route.fulfill({ status: 500, body: "" })) }))
})

describe("downloads", () => {
  test("of an organisation are bars of all packages, with what they lack", () => visit(browser, "/orgs/fluxcd", async (page) => {
    assert.match(await page.textContent("#downloads .legend"), /[\d,]+, still counting, without part of 2 packages/)
    assert.ok(await page.$eval("#downloads", ({ chart }) => chart.drawnLacking >= 6), "the days since two packages can't be read")
    const known = { from: `${day(-40)}T06:00Z`, to: `${day(-40)}T18:00Z`, top: 0.8, names: ["series-1"] }
    assert.ok((await pixels(page, "downloads", known))["series-1"] > 100)
  }))

  test("a year is drawn as weeks, and a year of years as months", () => visit(browser, "/orgs/fluxcd?range=1y", async (page) => {
    const bars = await page.$eval("#downloads", ({ chart, dataset }) => ({ unit: dataset.unit, spans: chart.series[0].spans }))
    assert.equal(bars.unit, "week")
    for (const { from, to } of bars.spans.slice(1, -1)) {
      assert.deepEqual([to - from, new Date(from * 1000).getUTCDay()], [7 * DAY, 1])
    }
    assert.equal(await page.getAttribute("[data-param=unit][data-value=week]", "aria-current"), "true")
    assert.match(await page.textContent("#download-days tbody"), /\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d/)
    await page.click("[data-value='30d']")
    assert.equal(await page.getAttribute("#downloads", "data-unit"), "day", "a month is drawn as days")
  }))

  test("the chosen unit is in the address, in the chart and in the table, with the same sums", () => visit(browser, "/orgs/fluxcd/packages/flagger?range=1y", async (page) => {
    await page.click("[data-param=unit][data-value=month]")
    await page.waitForURL(/unit=month/)
    await page.waitForFunction(() => document.querySelector("#download-days th").textContent === "Month")
    const table = await page.$$eval("#download-days tbody tr", (rows) => rows.map((row) => [row.cells[0].textContent.trim(), row.cells[1].textContent]))
    const sums = await page.$eval("#downloads", ({ chart: { series: [{ spans, y }] } }) =>
      Object.fromEntries(spans.map(({ from }, index) => [new Date(from * 1000).toISOString().slice(0, 7), y[index].toLocaleString("en-US")])))
    assert.ok(table.length >= 12)
    for (const [month, sum] of table) assert.equal(sum, sums[month], month)
    await page.reload()
    await drawn(page)
    assert.equal(await page.getAttribute("#downloads", "data-unit"), "month")
  }))

  test("the days after the last reading are hatched", () => visit(browser, "/orgs/fluxcd/packages/flux-cli?range=30d", async (page) => {
    const lately = await pixels(page, "downloads", { from: day(-4), to: day(1), names: ["series-1", "gap-line"] })
    assert.equal(lately["series-1"], 0)
    assert.ok(lately["gap-line"] > 100)
  }))

  test("a mean of seven days is drawn over bars of days, and read out", () => visit(browser, GAP_PACKAGE, async (page) => {
    const average = await page.$eval("#downloads", ({ chart }) => chart.average)
    assert.equal(average.length, 60)
    assert.equal(average.slice(0, 6).every((value) => value === null), true, "nothing is known of the days before")
    assert.equal(average[6], 10_000)
    assert.equal(average.at(-1), null, "today is not over")
    // The tenth day before today has no downloads.
    assert.equal(average.at(-9), 60_000 / 7)
    await page.focus("#downloads .plot")
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    assert.equal(await page.textContent("#downloads [data-spoken]"), `${day(-1)}. 10,000. 7-day average 10,000`)
  }))
})

describe("the charts of a page", () => {
  test("have the same edges and the same cursor", () => visit(browser, "/orgs/fluxcd/packages/flagger", async (page) => {
    const edges = () => page.$$eval("[data-chart]", (figures) => figures.map(({ chart: { plot } }) => [plot.bbox.left, plot.bbox.width]))
    await frames(page, 4)
    const [first, ...others] = await edges()
    assert.equal(others.length, 3)
    for (const other of others) assert.deepEqual(other, first)
    const box = await page.locator("#downloads .u-over").boundingBox()
    await page.mouse.move(box.x + box.width * 0.6, box.y + 40)
    await frames(page)
    const cursors = await page.$$eval(DATED, (figures) => figures.map(({ chart }) => [chart.cursor, chart.plot.cursor.left]))
    for (const [moment, left] of cursors) {
      assert.equal(moment, cursors[0][0])
      assert.ok(Math.abs(left - cursors[0][1]) < 1)
    }
    const dates = await page.$$eval("#downloads .legend-time, #total .legend-time", (times) => times.map((time) => time.textContent))
    assert.equal(dates[0], dates[1])
    await page.mouse.move(1, 1)
    await frames(page)
    assert.deepEqual(await page.$$eval(DATED, (figures) => figures.map(({ chart }) => chart.cursor)), [null, null, null])
  }))

  test("mark releases, which can be switched off, and name them at the cursor", () => visit(browser, "/orgs/fluxcd/packages/flagger?range=90d", async (page) => {
    const marks = () => page.$$eval(DATED, (figures) => figures.map(({ chart }) => chart.drawnReleases))
    const all = await marks()
    assert.ok(all.every((count) => count === 2), `each chart marks the releases 24 and 71 days ago: ${all}`)
    await page.$eval("#downloads", ({ chart }) => chart.moveCursor(chart.releases.at(-1).at, { announce: true }))
    assert.match(await page.textContent("#downloads [data-spoken]"), new RegExp(`v1\\.\\d\\.\\d first seen on ${day(-24)}$`))
    await page.click("[data-param=releases][data-value=off]")
    await page.waitForURL(/releases=off/)
    await frames(page)
    assert.deepEqual(await marks(), [0, 0, 0])
    await page.reload()
    await drawn(page)
    assert.deepEqual(await marks(), [0, 0, 0])
  }))

  test("show versions as shares and in groups", () => visit(browser, "/orgs/fluxcd/packages/flagger", async (page) => {
    await page.click("[data-param=measure][data-value=share]")
    await page.waitForURL(/measure=share/)
    const tops = await page.$eval("#versions-chart", ({ chart }) => [...chart.data.at(-1)])
    assert.ok(tops.every((top) => Math.abs(top - 100) < 1e-6), "the shares of each bar are 100 %")
    await page.click("[data-param=group][data-value=minor]")
    await page.waitForURL(/group=minor/)
    await page.waitForFunction(() => /^v\d+\.\d+$/.test(document.querySelector("#versions-chart .legend-name").textContent))
    assert.match(await page.textContent("#versions-chart .legend-value"), /^[\d.]+ %$/)
    assert.match(await page.textContent("#versions-chart .legend-time"), /^\d{4}-\d\d-\d\d to \d{4}-\d\d-\d\d$/)
  }))
})

describe("how fast people move to a release", () => {
  const PACKAGE = "/orgs/fluxcd/packages/flagger"

  test("is a line for each release by its age, and says the shares at the age of the newest one", () => visit(browser, PACKAGE, async (page) => {
    const names = await page.$$eval("#adoption .legend-name", (all) => all.map((one) => one.textContent))
    assert.equal(names.length, 6)
    assert.equal(names[0], await page.textContent("#versions tr:has(.good) .tag:nth-of-type(2)"), "the newest one comes first")
    const { days, shares } = await page.evaluate(async () => {
      const { releases } = await (await fetch(document.querySelector("#adoption [data-source]").dataset.source)).json()
      return { days: releases[0].shares.findLastIndex((share) => share !== null), shares: releases.map(({ shares }) => shares) }
    })
    assert.equal(await page.textContent("#adoption .legend-time"), `${days} days after the first sight`)
    const said = await page.$$eval("#adoption .legend-value", (all) => all.map((one) => one.textContent))
    said.forEach((word, index) => assert.match(word, shares[index][days] === null ? /^no data$|^[\d.]+ % \(\d+ days after the first sight\)$/ : new RegExp(`^${shares[index][days].toFixed(1).replace(/\.0$/, "").replace(".", "\\.")} %$`)))
    assert.ok(await page.$eval("#adoption canvas", (canvas) => canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.some((value) => value > 0)))
  }))

  test("is read by the keyboard, from day to day, and a release that is younger has no value", () => visit(browser, PACKAGE, async (page) => {
    await page.focus("#adoption .plot")
    await page.keyboard.press("Home")
    assert.match(await page.textContent("#adoption [data-spoken]"), /^1 day after the first sight\. v[\d.]+: [\d.]+ %\. /)
    await page.keyboard.press("ArrowRight")
    assert.match(await page.textContent("#adoption [data-spoken]"), /^2 days after the first sight\. /)
    await page.keyboard.press("End")
    assert.match(await page.textContent("#adoption [data-spoken]"), /^\d{3} days after the first sight\. v[\d.]+: not so old yet\. /)
    const dates = await page.$$eval(DATED, (figures) => figures.map(({ chart }) => chart.cursor))
    assert.deepEqual(dates, [null, null, null], "the cursors of the charts over dates stay")
  }))

  test("as a count and in groups, with the same figures in the table", () => visit(browser, PACKAGE, async (page) => {
    await page.click("[data-param=adoption][data-value=count]")
    await page.waitForURL(/adoption=count/)
    await page.click("[data-param=group][data-value=minor]")
    await page.waitForURL(/group=minor/)
    await page.waitForFunction(() => /^v\d+\.\d+$/.test(document.querySelector("#adoption .legend-name").textContent))
    const lines = await page.$eval("#adoption", ({ chart: { series } }) => series.map(({ x, y }) => Object.fromEntries([...x].map((at, index) => [at / 86_400, Math.round(y[index]).toLocaleString("en-US")]))))
    const rows = await page.$$eval("#adoption-days tbody tr", (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent)))
    assert.ok(rows.length > 50)
    for (const [day, ...texts] of rows) {
      texts.forEach((text, index) => assert.equal(lines[index][day] ?? text, text, `day ${day}`))
      assert.equal(texts.filter((text) => /\d/.test(text)).length, lines.filter((line) => line[day] !== undefined).length)
    }
    await page.reload()
    await drawn(page)
    assert.match(await page.textContent("#adoption .legend-value"), / a day$/)
  }))
})

describe("zoom", () => {
  test("the range buttons show the newest days, of all charts, and stay in the address", () => visit(browser, GAP_PACKAGE, async (page) => {
    const rows = page.locator("#total-days tbody tr")
    assert.equal(await rows.count(), 61, "60 days and a gap")
    await page.click("[data-value='30d']")
    for (const id of ["total", "downloads"]) {
      const { from, to } = await shown(page, id)
      assert.equal(to - from, 30 * DAY)
    }
    await page.waitForURL(/range=30d/)
    assert.equal(await page.getAttribute("[data-value='30d']", "aria-current"), "true")
    assert.equal(await rows.count(), 22, "the table follows")
    await page.reload()
    await drawn(page)
    const { from, to } = await shown(page, "total")
    assert.equal(to - from, 30 * DAY, "and after a reload")
  }))

  test("dragging selects, and a double click shows all again", () => visit(browser, GAP_PACKAGE, async (page) => {
    const whole = await shown(page, "downloads")
    const box = await page.locator("#downloads .u-over").boundingBox()
    await page.mouse.move(box.x + box.width * 0.25, box.y + 50)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width * 0.5, box.y + 60, { steps: 4 })
    await page.mouse.up()
    const part = await shown(page, "downloads")
    const length = (part.to - part.from) / (whole.to - whole.from)
    assert.ok(Math.abs(length - 0.25) < 0.02, `a quarter: ${length}`)
    assert.deepEqual(await shown(page, "total"), part, "both charts have the same view")
    await page.mouse.dblclick(box.x + box.width / 2, box.y + 50)
    assert.equal((await shown(page, "total")).to, whole.to)
    assert.ok((await shown(page, "total")).from <= whole.from)
  }))

  test("the wheel zooms with Ctrl where the mouse is, and scrolls the page without", () => visit(browser, GAP_PACKAGE, async (page) => {
    const whole = await shown(page, "total")
    const box = await page.locator("#downloads .u-over").boundingBox()
    await page.mouse.move(box.x + box.width * 0.75, box.y + 50)
    await page.mouse.wheel(0, 120)
    assert.deepEqual(await shown(page, "total"), whole)
    await page.evaluate(() => scrollTo(0, 0))
    await frames(page)
    await page.keyboard.down("Control")
    await page.mouse.wheel(0, -50)
    await page.keyboard.up("Control")
    const part = await shown(page, "total")
    const at = ({ from, to }) => from + (to - from) * 0.75
    assert.ok(part.to - part.from < (whole.to - whole.from) * 0.7)
    assert.ok(Math.abs(at(part) - at(whole)) < DAY, "the point below the mouse stays")
  }))

  test("two fingers zoom, one finger moves the cursor", () => visit(browser, GAP_PACKAGE, async (page) => {
    const whole = await shown(page, "downloads")
    await page.locator("#downloads .plot").scrollIntoViewIfNeeded()
    const box = await page.locator("#downloads .u-over").boundingBox()
    const client = await page.context().newCDPSession(page)
    const y = box.y + box.height / 2
    const touch = (type, ...xs) => client.send("Input.dispatchTouchEvent", { type, touchPoints: xs.map((x, id) => ({ x: box.x + box.width * x, y, id })) })
    await touch("touchStart", 0.45, 0.55)
    await touch("touchMove", 0.35, 0.65)
    await touch("touchMove", 0.25, 0.75)
    await touch("touchEnd")
    const part = await shown(page, "downloads")
    assert.ok(part.to - part.from < (whole.to - whole.from) * 0.4, `${(part.to - part.from) / DAY} days`)
    await page.click("text=Reset")
    await frames(page)
    await touch("touchStart", 0.2)
    await touch("touchMove", 0.1)
    assert.match(await page.textContent("#downloads .legend"), new RegExp(`${day(-82).slice(0, 8)}|${day(-76).slice(0, 8)}`))
    await touch("touchEnd")
  }, { touch: true, width: 390, height: 844 }))

  test("the keyboard zooms, pans and moves the cursor, with an announcement for screen readers", () => visit(browser, GAP_PACKAGE, async (page) => {
    const whole = await shown(page, "total")
    await page.focus("#total .plot")
    await page.keyboard.press("+")
    const closer = await shown(page, "total")
    assert.ok(closer.to - closer.from < whole.to - whole.from)
    await page.keyboard.press("PageUp")
    const earlier = await shown(page, "total")
    assert.ok(earlier.to < closer.to && earlier.to - earlier.from === closer.to - closer.from)
    await page.keyboard.press("-")
    await page.keyboard.press("Escape")
    assert.deepEqual(await shown(page, "total"), whole)

    const spoken = () => page.textContent("#total [data-spoken]")
    await page.keyboard.press("End")
    await page.keyboard.press("ArrowLeft")
    assert.equal(await spoken(), `${day(-1)}. 8,990,000`)
    await page.keyboard.press("Shift+ArrowLeft")
    assert.equal(await spoken(), `${day(-11)}. 8,890,000`)
    for (let count = 0; count < 10; count++) await page.keyboard.press("ArrowLeft")
    assert.match(await spoken(), /no data$/, "a gap is read out, not jumped over")
    await page.keyboard.press("ArrowLeft")
    assert.equal(await spoken(), `${day(-51)}. 8,490,000`)
  }))

  test("the zoom buttons zoom in and out", () => visit(browser, GAP_PACKAGE, async (page) => {
    const whole = await shown(page, "total")
    await page.click("button[aria-label='Zoom in']")
    const part = await shown(page, "total")
    assert.ok(Math.abs((part.to - part.from) * 2 - (whole.to - whole.from)) < 10)
    await page.click("button[aria-label='Zoom out']")
    assert.deepEqual(await shown(page, "total"), whole)
  }))
})

describe("scale", () => {
  test("logarithmic: each factor of ten has the same height, and the scale is in the URL", () => visit(browser, "/orgs/fluxcd/packages/flagger?range=all", async (page) => {
    const distances = () => page.$eval("#downloads", ({ chart: { plot } }) =>
      [10, 100, 1000, 10_000].map((value) => plot.valToPos(value, "y")).map((at, index, all) => all[index - 1] - at).slice(1))
    const [least, , most] = await distances()
    assert.ok(most > least * 50, "linear at first")
    await page.click("[data-value=log]")
    await page.waitForURL(/scale=log/)
    await frames(page)
    const [first, second, third] = await distances()
    assert.ok(Math.abs(first - second) < 1 && Math.abs(second - third) < 1, `${[first, second, third]}`)
    assert.equal((await shown(page, "total")).scale, "log")
    await page.reload()
    await drawn(page)
    assert.equal((await shown(page, "total")).scale, "log")
    assert.ok((await pixels(page, "total", { from: day(-390), to: day(-200), names: ["series-1"] }))["series-1"] > 100)
  }))

  test("a day without downloads is no gap on the logarithmic scale", () => visit(browser, `${GAP_PACKAGE}&scale=log`, async (page) => {
    const names = ["series-1", "gap-line"]
    assert.deepEqual(await pixels(page, "downloads", { from: `${day(-10)}T03:00Z`, to: `${day(-10)}T21:00Z`, bottom: 0.95, names }), { "series-1": 0, "gap-line": 0 })
    assert.ok((await pixels(page, "downloads", { from: `${day(-12)}T03:00Z`, to: `${day(-12)}T21:00Z`, bottom: 0.95, names }))["series-1"] > 100)
  }))
})

describe("the chart as a table", () => {
  test("has the chart's values and its gaps", () => visit(browser, GAP_PACKAGE, async (page) => {
    const table = await page.$$eval("#total-days tbody tr", (rows) => rows.map((row) => [...row.cells].slice(0, 2).map((cell) => cell.textContent.trim())))
    const chart = await page.$eval("#total", ({ chart: { series: [{ x, y }] } }) =>
      Object.fromEntries([...x].map((seconds, index) => [new Date(seconds * 1000).toISOString().slice(0, 10), y[index]])))
    const gaps = table.filter(([, total]) => total === "no data")
    assert.deepEqual(gaps, [[`${day(-50)} to ${day(-21)}, 30 days`, "no data"]])
    const days = table.filter(([, total]) => total !== "no data")
    assert.deepEqual(days.map(([date]) => date).reverse(), Object.keys(chart))
    for (const [date, total] of days) assert.equal(total, chart[date].toLocaleString("en-US"), date)
  }))
})

test("a chart says that it loads until it is drawn", () => visit(browser, GAP_PACKAGE, async (page) => {
  assert.deepEqual(await page.$$eval("[data-chart]", (figures) => figures.map(({ dataset }) => dataset.state)), ["loading", "loading"])
  assert.equal(await page.textContent("#downloads .plot"), "Loading the figures …")
  await page.evaluate(() => window.answer())
  await drawn(page)
  assert.doesNotMatch(await page.textContent("#downloads .plot"), /Loading/)
}, {
  charts: false,
  before: async (page) => {
    let answer
    const wanted = new Promise((resolve) => (answer = resolve))
    await page.exposeFunction("answer", () => answer())
    await page.route("**/api/chart/**", async (route) => {
      await wanted
      await route.continue()
    })
  },
}))
