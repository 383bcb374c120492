// Every slide as the last row sees it: it fits both kinds of projector, its text is large enough and in the fonts, and axe
// finds nothing, in the light and in the dark.

import assert from "node:assert/strict"
import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { after, before, describe, test } from "node:test"
import { NARROW, SLIDES_ASSETS, SLIDES_URL, WIDE, go, launch, ready, titles, visit } from "./browser.mjs"

/** What a person in the last row can still read, in pixels of a slide. */
const LEAST_FONT_PX = 20

const require = createRequire(import.meta.url)
let browser
let axe
before(async () => {
  browser = await launch()
  axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8")
})
after(() => browser.close())

for (const [name, viewport] of Object.entries({ "1280 × 720": WIDE, "1024 × 768": NARROW })) {
  describe(`on a projector of ${name}`, () => {
    test(`every slide fits, and no text is smaller than ${LEAST_FONT_PX} pixels`, () => visit(browser, async (page) => {
      for (const title of await titles(page)) {
        await go(page, title)
        assert.deepEqual(await page.evaluate(outside), [], title)
        assert.deepEqual(await page.evaluate(smallText, LEAST_FONT_PX), [], title)
      }
    }, { viewport }))

    test("the answers of the live slides fit, too", () => visit(browser, async (page) => {
      for (const [title, buttons] of [["hello.wat", ["Run"]], ["Break it", ["Lie about the length", "Never return", "Misspell a name"]], ["Drop a page", ["Count the generated page"]], ["Your machine", ["Measure this browser"]]]) {
        const section = await go(page, title)
        for (const button of buttons) {
          await section.getByRole("button", { name: button }).click()
          await section.locator('.live[data-state="answered"]').waitFor()
          assert.deepEqual(await page.evaluate(outside), [], `${title}, ${button}`)
          await section.locator(".live").evaluate((live) => delete live.dataset.state)
        }
      }
    }, { viewport }))
  })
}

for (const theme of ["light", "dark"]) {
  describe(`in the ${theme}`, () => {
    test("axe finds nothing", () => visit(browser, async (page) => {
      await page.evaluate(axe)
      for (const title of await titles(page)) {
        await go(page, title)
        const { violations, passes } = await page.evaluate(() => window.axe.run({ resultTypes: ["violations", "passes"] }))
        assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`), [], title)
        assert.ok(passes.length > 5, "axe looked at the slide")
      }
    }, { theme }))

    test("the QR codes are read back from the screen", () => visit(browser, async (page) => {
      const jsqr = await readFile(require.resolve("jsqr"), "utf8")
      const all = await titles(page)
      const qr = await readFile(`${SLIDES_ASSETS}/qr.svg`, "utf8")
      assert.match(qr, /<svg/)
      for (const title of [all[0], all.at(-1)]) {
        const section = await go(page, title)
        const picture = await page.screenshot()
        const expected = await section.locator("figure.qr figcaption").textContent()
        assert.equal(await read(browser, jsqr, picture), expected, title)
      }
    }, { theme }))
  })
}

test("the theme follows ?theme= and the key T", () => visit(browser, async (page) => {
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
  const dark = await background()
  await page.keyboard.press("t")
  const light = await background()
  assert.notEqual(light, dark)
  await page.keyboard.press("t")
  assert.equal(await background(), dark)
}, { path: "?theme=dark" }))

test("every character is in the fonts", () => visit(browser, async (page) => {
  const text = await page.evaluate(() => [...document.querySelectorAll("section")].map((section) => {
    const copy = section.cloneNode(true)
    copy.querySelectorAll("aside").forEach((aside) => aside.remove())
    return copy.textContent
  }).join(""))
  // The ranges of the Latin subset, by its own style sheet.
  const style = await readFile(require.resolve("@fontsource/inter/latin-400.css"), "utf8")
  const css = /unicode-range/.test(style) ? style : await readFile(require.resolve("@fontsource/inter/400.css"), "utf8")
  const ranges = [...css.matchAll(/latin-400-normal[^}]*unicode-range:\s*([^;}]+)/g)].at(-1)[1].split(",").map((range) => range.trim().replace("U+", "").split("-").map((code) => parseInt(code, 16)))
  const missing = [...new Set(text)].filter((character) => character > " " && !ranges.some(([from, to = from]) => character.codePointAt(0) >= from && character.codePointAt(0) <= to))
  assert.deepEqual(missing, [])
}))

test("the speaker's window opens with notes, clock and pace, and runs no live slide", () => visit(browser, async (page, context) => {
  const opened = context.waitForEvent("page")
  await page.keyboard.press("s")
  const speaker = await opened
  const frames = () => speaker.frames().filter((frame) => frame.url().includes("receiver"))
  await speaker.waitForFunction(() => document.querySelectorAll("iframe").length === 2)
  while (frames().length < 2) await new Promise((resolve) => setTimeout(resolve, 100))
  await Promise.all(frames().map(ready))
  await speaker.locator(".speaker-controls-notes .value", { hasText: "Note:" }).waitFor()
  await speaker.locator(".pacing").waitFor({ state: "visible" })
  for (const frame of frames()) assert.equal(await frame.evaluate(() => document.querySelectorAll(".live[data-state], .live button").length), 0)
}))

test("the minutes of the speaker's clock add up to 28", () => visit(browser, async (page) => {
  const seconds = await page.evaluate(() => window.talk.Reveal.getSlides().map((slide) => Number(slide.dataset.timing)))
  assert.equal(seconds.reduce((sum, one) => sum + one, 0), 28 * 60)
}))

/** What of the present slide lies outside of it, or does not fit into its own box. */
function outside() {
  const section = document.querySelector("section.present")
  const scale = window.talk.Reveal.getScale()
  const frame = document.querySelector(".slides").getBoundingClientRect()
  const found = []
  for (const element of section.querySelectorAll("*")) {
    if (element.closest("aside, svg svg") || ["OPTION", "BR"].includes(element.tagName)) continue
    const box = element.getBoundingClientRect()
    if (box.width === 0 || box.height === 0 || element.matches("input[type=file]")) continue
    const name = `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""} ${element.textContent.trim().slice(0, 40)}`
    const beyond = [["left", frame.left - box.left], ["right", box.right - frame.right], ["top", frame.top - box.top], ["bottom", box.bottom - frame.bottom]].filter(([, by]) => by > 1)
    for (const [side, by] of beyond) found.push(`${name}: ${Math.round(by / scale)} px beyond the ${side}`)
    const clips = !["visible"].includes(getComputedStyle(element).overflowY) && !(element instanceof SVGElement) && element.tagName !== "IMG" && element.tagName !== "IFRAME"
    if (clips && (element.scrollHeight > element.clientHeight + 1 || element.scrollWidth > element.clientWidth + 1)) found.push(`${name}: cut, ${element.scrollWidth} × ${element.scrollHeight} in ${element.clientWidth} × ${element.clientHeight}`)
  }
  const number = document.querySelector(".slide-number").getBoundingClientRect()
  const range = document.createRange()
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    if (!walker.currentNode.textContent.trim() || walker.currentNode.parentElement.closest("aside")) continue
    range.selectNodeContents(walker.currentNode)
    const overlaps = [...range.getClientRects()].some((box) => box.width && box.right > number.left && box.bottom > number.top)
    if (overlaps) found.push(`${walker.currentNode.textContent.trim().slice(0, 40)}: under the number of the slide`)
  }
  if (section.scrollHeight > section.clientHeight + 1) found.push(`the slide is ${section.scrollHeight} px high and has ${section.clientHeight}`)
  return found
}

/** Texts of the present slide that are smaller than `least` pixels. */
function smallText(least) {
  const section = document.querySelector("section.present")
  const scale = window.talk.Reveal.getScale()
  const found = new Set()
  const walker = document.createTreeWalker(section, NodeFilter.SHOW_TEXT)
  while (walker.nextNode()) {
    const node = walker.currentNode
    const element = node.parentElement
    if (!node.textContent.trim() || element.closest("aside") || element.getClientRects().length === 0) continue
    const matrix = element instanceof SVGElement ? element.getScreenCTM().a / scale : 1
    const size = parseFloat(getComputedStyle(element).fontSize) * matrix
    if (size < least - 0.01) found.add(`${size.toFixed(1)} px: ${node.textContent.trim().slice(0, 40)}`)
  }
  return [...found]
}

/** Reads the QR code on a picture. */
async function read(browser, jsqr, picture) {
  const page = await browser.newPage()
  try {
    await page.evaluate(jsqr)
    return await page.evaluate(async (address) => {
      const image = new Image()
      image.src = address
      await image.decode()
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d")
      canvas.drawImage(image, 0, 0)
      const { data, width, height } = canvas.getImageData(0, 0, image.width, image.height)
      return window.jsQR(data, width, height)?.data
    }, `data:image/png;base64,${picture.toString("base64")}`)
  } finally {
    await page.close()
  }
}
