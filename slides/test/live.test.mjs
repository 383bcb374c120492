// Every live slide's answer, and what each shows where it can't run.

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { createServer } from "node:http"
import { after, before, describe, test } from "node:test"
import { serve } from "../serve.mjs"
import { SLIDES_ASSETS, SLIDES_DIRECTORY, answered, go, launch, visit } from "./browser.mjs"

let browser
before(async () => (browser = await launch()))
after(() => browser.close())

const matrix = JSON.parse(await readFile(`${SLIDES_ASSETS}/matrix.json`, "utf8"))
const LINE = "Hello World from WebAssembly!"
const DURATION = /\d (ns|µs|ms|s)$/

describe("hello.wat", () => {
  test("is assembled, compiled and called, with the time of each", () => visit(browser, async (page) => {
    const section = await go(page, "hello.wat")
    await section.getByRole("button", { name: "Run" }).click()
    await answered(section)
    assert.equal(await section.locator(".said").textContent(), LINE)
    const rows = await section.locator(".times tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)))
    assert.deepEqual(rows.map(([label]) => label.replace(/\d+ bytes/, "N bytes")), ["Assemble, N bytes", "Compile", "First call", "Warm call, median"])
    for (const [label, time] of rows) assert.match(time, DURATION, label)
    assert.match(await section.locator(".note").textContent(), /clock has steps of/)
  }))

  test("says another line after an edit, by the keyboard alone", () => visit(browser, async (page) => {
    const section = await go(page, "hello.wat")
    const editor = section.getByRole("textbox", { name: "hello.wat" })
    await editor.fill((await editor.inputValue()).replace(LINE, "Hello from the last row, all!"))
    await editor.press("Control+Enter")
    await answered(section)
    assert.equal(await section.locator(".said").textContent(), "Hello from the last row, all!")
    // Typing moves no slide.
    await editor.press("ArrowRight")
    assert.equal(await page.locator("section.present").getAttribute("aria-label"), "hello.wat")
  }))

  for (const [name, change, error, line] of [
    ["an import that the host does not have", (text) => text.replace('"console" "log"', '"console" "lag"'), /function import requires a callable/, /import "console"/],
    ["a stack that lacks a value", (text) => text.replace(/i32\.const 29.*/, ""), /not enough arguments on the stack/, /call \$log/],
    ["a parenthesis that is missing", (text) => text.replace(/\)\)\s*$/, ")"), /./, /./],
    ["no such function", (text) => text.replace('"helloWorld"', '"helloMars"'), /exports no function helloWorld/, null],
    ["nothing at all", () => "", /./, null],
  ]) {
    test(`shows an error: ${name}`, () => visit(browser, async (page) => {
      const section = await go(page, "hello.wat")
      const editor = section.getByRole("textbox", { name: "hello.wat" })
      await editor.fill(change(await editor.inputValue()))
      await section.getByRole("button", { name: "Run" }).click()
      await answered(section)
      assert.match(await section.locator(".error").textContent(), error)
      if (line && String(line) !== "/./") assert.match(await section.locator(".line.wrong").textContent(), line)
    }))
  }
})

describe("break it", () => {
  for (const [button, error, line] of [
    ["Lie about the length", /^Line \d+: the module passed 70000 bytes at offset 0, and its memory has 65536$/, /call \$log/],
    ["Misspell a name", /^Line \d+: .*\$lag/, /call \$lag/],
    ["Never return", /^Line \d+: stopped after 3 s: it did not return$/, /loop/],
  ]) {
    test(`${button}: the error stands at its place, and the slide can be mended`, () => visit(browser, async (page) => {
      const section = await go(page, "Break it")
      await section.getByRole("button", { name: button }).click()
      await answered(section)
      const said = await section.locator(".error").textContent()
      assert.match(said, error)
      const wrong = section.locator(".line.wrong")
      assert.match(await wrong.textContent(), line)
      const number = await wrong.evaluate((line) => [...line.parentElement.children].indexOf(line) + 1)
      assert.equal(Number(/\d+/.exec(said)[0]), number)
      await section.locator(".live").evaluate((live) => delete live.dataset.state)
      await section.getByRole("button", { name: "Mend it" }).click()
      await answered(section)
      assert.equal(await section.locator(".said").textContent(), LINE)
    }))
  }

  test("a module that prints without end is stopped, and its lines are not all kept", () => visit(browser, async (page) => {
    const section = await go(page, "Break it")
    const editor = section.getByRole("textbox", { name: "hello.wat" })
    await editor.fill((await editor.inputValue()).replace(/i32\.const 0     ;;.*\n/, "loop\n i32.const 0\n").replace(/call \$log\)\)/, "call $log br 0 end))"))
    await section.getByRole("button", { name: "Run" }).click()
    await answered(section)
    assert.match(await section.locator(".error").textContent(), /stopped after 3 s/)
  }))
})

describe("the parser's guest", () => {
  test("counts the generated page beside DOMParser", () => visit(browser, async (page) => {
    const section = await go(page, "Drop a page")
    await section.getByRole("button", { name: "Count the generated page" }).click()
    await answered(section)
    assert.match(await section.locator(".total").textContent(), /^14,360 downloads, and 30 days$/)
    const rows = await section.locator(".times tr").evaluateAll((rows) => rows.map((row) => [...row.cells].map((cell) => cell.textContent)))
    assert.equal(rows.length, 2)
    for (const [label, time] of rows) assert.match(time, DURATION, label)
    assert.match(await section.locator(".output .note").textContent(), /Medians of \d+ values, both warm; the clock has steps of/)
  }))

  const drop = (section, name, content) => section.locator(".zone").evaluate((zone, { name, content }) => {
    const dataTransfer = new DataTransfer()
    if (name) dataTransfer.items.add(new File([content], name, { type: "text/html" }))
    zone.dispatchEvent(new DragEvent("drop", { dataTransfer, bubbles: true, cancelable: true }))
  }, { name, content })

  test("counts a page that is dropped", () => visit(browser, async (page) => {
    const section = await go(page, "Drop a page")
    const generated = await readFile(`${SLIDES_ASSETS}/page.html`, "utf8")
    await drop(section, "saved.html", generated.replaceAll("14360", "99"))
    await answered(section)
    assert.match(await section.locator(".total").textContent(), /^99 downloads/)
    assert.match(await section.locator(".output .note").textContent(), /saved\.html/)
  }))

  test("names what is wrong with another page, a cut one, and none", () => visit(browser, async (page) => {
    const section = await go(page, "Drop a page")
    const generated = await readFile(`${SLIDES_ASSETS}/page.html`, "utf8")
    for (const [name, content, error] of [
      ["other.html", "<!doctype html><html><body><p>Hello</p></body></html>", /other\.html: this is no page of a package/],
      ["cut.html", generated.slice(0, generated.length / 2), /cut\.html: /],
      ["empty.html", "", /empty\.html: /],
      ["<img src=x onerror=alert(1)>.html", "no", /<img src=x onerror=alert\(1\)>\.html: /],
      [null, "", /no file in what was dropped/],
    ]) {
      await section.locator(".live").evaluate((live) => delete live.dataset.state)
      await drop(section, name, content)
      await section.locator(".error", { hasText: error }).waitFor()
    }
  }))
})

describe("the bets", () => {
  test("are made by a click, outlive a reload, and stand beside the record's answers", () => visit(browser, async (page) => {
    let section = await go(page, "The empty matrix: place your bets")
    const { slug, question, answer } = matrix.verdicts[0]
    assert.equal(await section.locator("[data-question]").count(), matrix.verdicts.length)
    // Every figure is still a question mark.
    const cells = await section.locator("table.summary tbody td").allTextContents()
    assert.ok(cells.includes("?") && cells.every((cell) => ["?", ""].includes(cell)), cells.join(" "))
    const yes = section.locator(`[data-question="${slug}"]`).getByRole("button", { name: `Yes: ${question}` })
    await yes.click()
    assert.equal(await yes.getAttribute("aria-pressed"), "true")
    await page.reload()
    await page.waitForFunction(() => window.talk?.ready)
    section = await go(page, "The bets, settled")
    const row = section.locator("table.settled tbody tr").first()
    assert.deepEqual(await row.locator("th, td").allTextContents(), [question, "Yes", answer, { Yes: "won", No: "lost" }[answer] ?? ""])
    assert.equal(await section.locator("table.settled tbody tr").count(), matrix.verdicts.length)
    section = await go(page, "The empty matrix: place your bets")
    await section.locator(`[data-question="${slug}"]`).getByRole("button", { name: /^Yes/ }).click()
    section = await go(page, "The bets, settled")
    assert.match(await section.locator("table.settled tbody tr").first().textContent(), /no bet/)
  }))
})

test("the charts show the record's rows and figures", () => visit(browser, async (page) => {
  const drawn = await page.evaluate(() => [...document.querySelectorAll("svg.chart")].map((svg) => ({
    labels: [...svg.querySelectorAll(".label")].map((text) => text.textContent),
    values: [...svg.querySelectorAll(".value")].map((text) => text.textContent),
  })))
  assert.ok(drawn.length >= 2)
  for (const chart of drawn) {
    assert.ok(chart.labels.length <= 6)
    const known = matrix.charts.find(({ rows }) => rows.map(({ label }) => label).join() === chart.labels.join())
    assert.deepEqual(chart.values, known?.rows.map(({ formatted }) => formatted))
  }
}))

describe("your machine", () => {
  test("measures, and saves a record", () => visit(browser, async (page) => {
    const section = await go(page, "Your machine")
    await section.getByRole("button", { name: "Measure this browser" }).click()
    await answered(section)
    const waiting = page.waitForEvent("download")
    await section.getByRole("link", { name: "Save the record" }).click()
    const download = await waiting
    assert.match(download.suggestedFilename(), /^\d{4}-\d\d-\d\dT\d{6}Z\.json$/)
    const record = JSON.parse(await readFile(await download.path(), "utf8"))
    assert.equal(record.schema, 4)
    assert.deepEqual(record.benches.map(({ name }) => name), ["hello", "parser"])
    for (const bench of record.benches) {
      for (const { steps } of bench.cases) {
        const { median, mean, samples } = bench.estimates[steps.work]
        assert.ok(samples > 30)
        for (const { estimate, lower, upper } of [median, mean]) assert.ok(0 < lower && lower <= estimate && estimate <= upper, JSON.stringify({ lower, estimate, upper }))
      }
    }
  }))
})

describe("the tracker", () => {
  const picture = (section) => section.locator("img").evaluate((image) => image.complete && image.naturalWidth > 0)

  test("is a recorded picture where none runs", () => visit(browser, async (page) => {
    const section = await go(page, "The tracker: a gap is not a zero")
    assert.match(await section.locator(".recorded").textContent(), /recorded picture/)
    assert.ok(await picture(section))
    assert.equal(await section.locator("iframe").count(), 0)
  }))

  test("is a recorded picture until it answers, and then a frame", async () => {
    const first = await listen((_, response) => response.end())
    const { port } = new URL(first.url)
    await first.close()
    const server = await serve({ directory: SLIDES_DIRECTORY, tracker: first.url })
    let late
    try {
      await visit(browser, async (page) => {
        const section = await go(page, "The tracker: a gap is not a zero")
        assert.ok(await picture(section))
        late = await listen((_, response) => response.end("<!doctype html><p>The dashboard</p>"), port)
        await section.frameLocator("iframe").getByText("The dashboard").waitFor()
      }, { url: server.url, allowed: [new URL(first.url).origin] })
    } finally {
      await server.close()
      await late?.close()
    }
  })

  test("is a frame with the page that was named", async () => {
    const asked = []
    const tracker = await listen((request, response) => {
      asked.push(request.url)
      response.writeHead(200, { "Content-Type": "text/html" })
      response.end("<!doctype html><title>t</title><p>The dashboard</p>")
    })
    const server = await serve({ directory: SLIDES_DIRECTORY, tracker: `${tracker.url}orgs/a?range=1y&x=<"'>` })
    try {
      await visit(browser, async (page) => {
        const section = await go(page, "The tracker: a gap is not a zero")
        await section.frameLocator("iframe").getByText("The dashboard").waitFor()
        assert.equal(await page.evaluate(() => crossOriginIsolated), true)
        assert.match(await section.locator(".note").textContent(), /invented figures/)
      }, { url: server.url, allowed: [new URL(tracker.url).origin] })
      assert.ok(asked.every((path) => path.startsWith("/orgs/a?range=1y&x=")), asked.join(" "))
    } finally {
      await server.close()
      await tracker.close()
    }
  })
})

test("a browser without WebAssembly and workers shows every recorded answer, and says so", () => visit(browser, async (page) => {
  for (const [title, recorded] of [["hello.wat", LINE], ["Break it", LINE], ["Drop a page", "14360"]]) {
    const section = await go(page, title)
    assert.equal(await section.locator("button").count(), 0)
    assert.match(await section.locator(".recorded").textContent(), /recorded answer/)
    assert.ok((await section.textContent()).includes(recorded), title)
  }
  const machine = await go(page, "Your machine")
  assert.match(await machine.locator(".recorded").textContent(), /recorded figures/)
  assert.equal(await machine.locator("table.summary").count(), 1)
}, { before: (page) => page.addInitScript(() => { delete window.WebAssembly; delete window.Worker }) }))

async function listen(handler, port = 0) {
  const server = createServer(handler)
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((resolve) => {
      server.close(resolve)
      server.closeAllConnections()
    }),
  }
}
