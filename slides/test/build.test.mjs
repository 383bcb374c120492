// What the build refuses, each with the line and the next step; and the programs' options and exit codes.

import assert from "node:assert/strict"
import { execFile, spawn } from "node:child_process"
import { cp, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises"
import { request } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { after, before, describe, test } from "node:test"
import { fileURLToPath } from "node:url"
import { compact } from "../src/compact.js"
import { drawChart } from "../src/chart.mjs"
import { parseDeck } from "../src/deck.mjs"
import { SLIDES_ASSETS, SLIDES_DIRECTORY } from "./browser.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
let directory
before(async () => (directory = await mkdtemp(join(tmpdir(), "stats-tracker-slides-build-"))))
after(() => rm(directory, { recursive: true, force: true }))

const program = (name, ...args) => new Promise((resolve) => execFile("node", [name, ...args], { cwd: root }, (error, stdout, stderr) => resolve({ code: error?.code ?? 0, stdout, stderr })))

const NOTES = "<details><summary>Notes, 1 minute</summary>\n\n- Note: this.\n\n</details>\n"
const slide = (content) => `${content}\n\n${NOTES}`

describe("the deck", () => {
  test("has slides with titles, minutes and notes", () => {
    const slides = parseDeck(`<!--\ntwo\nlines\n-->\n\n${slide("# One\n\ntext")}\n---\n\n<!-- layout: large -->\n\n${slide("## Two").replace("1 minute", "1.5 minutes")}`)
    assert.deepEqual(slides.map(({ title, minutes, layout, notes }) => [title, minutes, layout, notes]), [["One", 1, "plain", "- Note: this."], ["Two", 1.5, "large", "- Note: this."]])
  })

  test("a line of --- within a fence separates nothing", () => {
    assert.equal(parseDeck(slide("# One\n\n<!-- file: a.yaml -->\n```yaml\na: b\n---\nc: d\n```\n<!-- end -->")).length, 1)
  })

  for (const [name, text] of [
    ["a digit in a sentence", "# One\n\nIt is 3 times as fast."],
    ["a digit in a title", "# 3 times"],
    ["a digit in a table", "# One\n\n| a |\n| - |\n| 3 ms |"],
    ["a digit after a name", "# One\n\nex1-hello takes 5 µs."],
    ["a digit in code that is not spliced", "# One\n\n```text\n14360\n```"],
    ["a digit in a live fence that is not spliced", "# One\n\n```parser live\nIt found 14360.\n```"],
    ["a digit after spliced content", "# One\n\n<!-- output: x -->\n```text\n1\n```\n<!-- end -->\n\nThat is 1."],
  ]) test(`refuses ${name}`, () => assert.throws(() => parseDeck(slide(text)), /deck\.md:\d+: a digit outside of spliced content/))

  test("refuses a figure in the notes, where what to type may have digits", () => {
    assert.throws(() => parseDeck(slide("# One").replace("this.", "say 3 times.")), /a digit outside/)
    assert.equal(parseDeck(slide("# One").replace("this.", "type `70000`.")).length, 1)
  })

  test("takes digits of spliced content, of names, and of addresses", () => {
    parseDeck(slide("# ex1-hello\n\nHTML5, [x](../ex2/1.md)\n\n<!-- output: x -->\n```text\n14360\n```\n<!-- end -->\n\n<!-- matrix: question a from 2026 -->\n\n| 3 ms |\n\n<!-- end -->"))
  })

  for (const [name, text, error] of [
    ["no title", slide("text"), /has no title/],
    ["no notes", "# One\n\ntext\n", /has no notes/],
    ["notes without an end", "# One\n\n<details><summary>Notes, 1 minute</summary>\n", /no `<\/details>`/],
    ["text after the notes", `${slide("# One")}\nmore\n`, /have to end the slide/],
    ["a spliced block without an end", slide("# One\n\n<!-- output: x -->\n```text\n```"), /there is no `<!-- end -->`/],
    ["a fence without an end", slide("# One\n\n```text\nx"), /there is no `/],
    ["an unknown live slide", slide("# One\n\n```magic live\n```"), /is no live slide/],
  ]) test(`refuses ${name}`, () => assert.throws(() => parseDeck(text), error))
})

describe("build.mjs", () => {
  const build = (...args) => program("build.mjs", "--assets", SLIDES_ASSETS, "--output", join(directory, "talk"), ...args)
  const other = async (change) => {
    const path = join(root, ".changed-deck.md")
    await writeFile(path, change(await readFile(join(root, "deck.md"), "utf8")))
    const result = await build("--deck", path)
    await rm(path)
    return result
  }

  test("refuses minutes that do not add up", async () => {
    const { code, stderr } = await other((text) => text.replace("Notes, 2 minutes", "Notes, 3 minutes"))
    assert.deepEqual([code, /add up to 29, and the talk has 28/.test(stderr)], [65, true], stderr)
  })

  test("refuses bets on other questions than the record's", async () => {
    const { code, stderr } = await other((text) => text.replace("- And than in native C?", "- And than in C?"))
    assert.deepEqual([code, /"And than in C\?" where the record asks "And than in native C\?"/.test(stderr)], [65, true], stderr)
  })

  test("refuses a chart that the record does not have", async () => {
    const { code, stderr } = await other((text) => text.replace("```chart parser", "```chart parsers"))
    assert.deepEqual([code, /has no chart parsers/.test(stderr)], [65, true], stderr)
  })

  test("names a missing asset, and writes nothing", async () => {
    const assets = join(directory, "assets")
    await cp(SLIDES_ASSETS, assets, { recursive: true })
    await rm(join(assets, "qr.svg"))
    const output = join(directory, "none")
    const { code, stderr } = await program("build.mjs", "--assets", assets, "--output", output)
    assert.deepEqual([code, /qr\.svg can't be read/.test(stderr)], [66, true], stderr)
    await assert.rejects(stat(output))
  })

  test("ends with 64 for a wrong option, and prints its help", async () => {
    assert.equal((await program("build.mjs", "--assets", SLIDES_ASSETS)).code, 64)
    assert.equal((await program("build.mjs", "--asset", SLIDES_ASSETS)).code, 64)
    const { code, stdout } = await program("build.mjs", "--help")
    assert.deepEqual([code, /Usage:/.test(stdout)], [0, true])
  })
})

describe("serve.mjs", () => {
  test("prints its address, says that it is private, and ends on SIGTERM", async () => {
    const server = spawn("node", ["serve.mjs", "--directory", SLIDES_DIRECTORY], { cwd: root })
    const ended = new Promise((resolve) => server.on("exit", (code) => resolve(code)))
    const url = await new Promise((resolve) => server.stdout.once("data", (data) => resolve(String(data).trim())))
    assert.match(url, /^http:\/\/127\.0\.0\.1:\d+\/$/)
    const { headers, status } = await fetch(url)
    assert.equal(status, 200)
    assert.equal(headers.get("cross-origin-opener-policy"), "same-origin")
    assert.equal(headers.get("cross-origin-embedder-policy"), "require-corp")
    assert.match(headers.get("content-security-policy"), /default-src 'none'/)
    for (const path of ["../build.mjs", "%2e%2e/build.mjs", "..%2fbuild.mjs", "nothing", "talk/../app.jsx"]) assert.equal((await fetch(url + path)).status, 404, path)
    assert.equal((await fetch(url, { method: "POST" })).status, 405)
    assert.equal(await statusFor(url, "slides.example.org"), 421)
    server.kill("SIGTERM")
    assert.equal(await ended, 0)
  })

  test("refuses a wrong port, a tracker elsewhere, and a folder without slides", async () => {
    for (const [code, ...args] of [
      [64, "--port", "0"], [64, "--port", "x"], [64, "--tracker", "https://example.org/"], [64, "--tracker", "tracker"], [64, "--tracker", "file:///etc/passwd"],
    ]) assert.equal((await program("serve.mjs", "--directory", SLIDES_DIRECTORY, ...args)).code, code, args.join(" "))
    assert.equal((await program("serve.mjs", "--directory", join(directory, "nowhere"))).code, 66)
    assert.equal((await program("serve.mjs", "--directory", root)).code, 66)
  })

  const statusFor = (url, host) => new Promise((resolve, reject) => {
    request(url, { headers: { host } }, (response) => { response.resume(); resolve(response.statusCode) }).on("error", reject).end()
  })
})

describe("a chart", () => {
  const rows = [{ label: "a <b>", nanoseconds: 300, formatted: "300 ns" }, { label: "b", nanoseconds: 190e6, formatted: "190 ms" }]

  test("has its rows, its figures as the record rounds them, and names of decades", () => {
    const svg = drawChart({ name: "x", title: "T", unit: "ns", rows })
    for (const part of ["a &lt;b&gt;", ">300 ns<", ">190 ms<", ">100 ns<", ">100 ms<"]) assert.ok(svg.includes(part), part)
  })

  test("of a rate has plain numbers on its axis", () => {
    assert.ok(drawChart({ name: "x", title: "T", unit: "requests a second", rows: [{ label: "a", value: 965, formatted: "965" }] }).includes(">1,000<"))
  })

  test("with too many rows, or without a value, is refused", () => {
    assert.throws(() => drawChart({ name: "x", title: "T", unit: "ns", rows: Array(7).fill(rows[0]) }), /7 rows/)
    assert.throws(() => drawChart({ name: "x", title: "T", unit: "ns", rows: [] }), /0 rows/)
    for (const nanoseconds of [0, -1, NaN, Infinity, undefined]) assert.throws(() => drawChart({ name: "x", title: "T", unit: "ns", rows: [{ label: "a", nanoseconds, formatted: "?" }] }), /no value above 0/)
  })
})

test("compact code loses its comments, and keeps those beside code", () => {
  assert.equal(compact("wat", ";; a\n(module\n  ;; b\n\n\n  (x) ;; c\n)\n"), "(module\n\n  (x) ;; c\n)")
  assert.equal(compact("ruby", "# a\n\nputs # b"), "puts # b")
  assert.equal(compact("text", "# a"), "# a")
})
