// What is carried to the talk: the one file, opened without a server, and the PDF.

import assert from "node:assert/strict"
import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { after, before, describe, test } from "node:test"
import { print } from "../pdf.mjs"
import { SLIDES_DIRECTORY, answered, go, launch, titles, visit } from "./browser.mjs"
import { readPdf } from "./pdf_text.mjs"

let browser
let directory
before(async () => {
  browser = await launch()
  directory = await mkdtemp(join(tmpdir(), "stats-tracker-slides-carried-"))
})
after(async () => {
  await browser.close()
  await rm(directory, { recursive: true, force: true })
})

describe("talk.html from a file", () => {
  const url = pathToFileURL(join(SLIDES_DIRECTORY, "talk.html")).href
  // The browser counts each address of a file as an origin of its own.
  const options = { url }

  test("runs hello.wat and the parser", () => visit(browser, async (page) => {
    let section = await go(page, "hello.wat")
    await section.getByRole("button", { name: "Run" }).click()
    await answered(section)
    assert.equal(await section.locator(".said").textContent(), "Hello World from WebAssembly!")
    section = await go(page, "Drop a page")
    await section.getByRole("button", { name: "Count the generated page" }).click()
    await answered(section)
    assert.match(await section.locator(".total").textContent(), /^14,360 downloads/)
  }, options))

  test("shows the picture of the tracker, and its fonts", () => visit(browser, async (page) => {
    const section = await go(page, "The tracker: a gap is not a zero")
    assert.ok(await section.locator("img").evaluate((image) => image.complete && image.naturalWidth > 0))
    assert.deepEqual(await page.evaluate(() => [...document.fonts].filter(({ status }) => status === "error").length), 0)
    assert.ok(await page.evaluate(() => document.fonts.check('20px "Inter"') && document.fonts.check('20px "JetBrains Mono"')))
  }, options))

  test("needs no other file", async () => {
    const text = await readFile(join(SLIDES_DIRECTORY, "talk.html"), "utf8")
    const html = text.replace(/<script>[^]*?<\/script>/g, "")
    assert.deepEqual([...html.matchAll(/\b(?:src|href)="(?!data:)([^"]*)"|url\((?!"?data:)([^)]*)/g)].map(([match]) => match), [])
  })
})

describe("the PDF", () => {
  test("has a page for each slide, none of them blank, and an outline with all titles", async () => {
    const file = join(directory, "talk.pdf")
    await print({ directory: SLIDES_DIRECTORY, output: file })
    const { pages, titles: outline, tagged } = readPdf(await readFile(file))
    const expected = await visit(browser, titles)
    assert.equal(pages.length, expected.length)
    for (const [index, { width, height, texts }] of pages.entries()) {
      assert.ok(texts >= 2, `page ${index + 1}, "${expected[index]}", has ${texts} pieces of text`)
      assert.ok(Math.abs(width / height - 16 / 9) < 0.02, `page ${index + 1} is ${width} × ${height}`)
    }
    const plain = (title) => title.replace(/^Live:/, "").replace(/\s/g, "")
    assert.deepEqual(outline.map(plain).sort(), expected.map(plain).sort())
    assert.ok(tagged, "a screen reader can read it")
  })

  test("shows the recorded answers, and says so", () => visit(browser, async (page) => {
    const recorded = await page.locator(".recorded").allTextContents()
    assert.ok(recorded.filter((text) => /^The recorded answer/.test(text)).length >= 3, recorded.join())
    assert.ok(recorded.some((text) => /^A recorded picture/.test(text)))
    assert.equal(await page.locator(".live button, .live iframe, .live textarea").count(), 0)
  }, { path: "?view=print" }))
})
