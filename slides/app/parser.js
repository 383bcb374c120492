// ▶ The parser's guest counts a page, beside the browser's own parser on the same bytes.

import generatedPage from "assets:page.html"
import { duration, measure, median, resolution } from "./clock.js"
import { element, frame, timesTable } from "./dom.js"
import { Guest, MAX_PAGE_BYTES, totalByDom } from "./guest.js"

/** What the guest says of a page without a total, for people. */
const KINDS = {
  not_a_package_page: "this is no page of a package",
  markup_changed: "this page has a markup that the parser does not know",
  rate_limited: "this page says that GitHub's rate limit was reached",
  too_large: "this page is larger than the parser reads",
}

export async function start(container) {
  const guest = await Guest.load()
  const generated = new TextEncoder().encode(generatedPage)
  const output = element("div.output", { role: "status", "aria-live": "polite" }, element("p.note", {}, "The generated page is ready. Or drop a page that you saved."))
  const file = element("input", { type: "file", accept: ".html,.htm,text/html", "aria-label": "A saved page", change: () => drop(file.files[0]) })
  const button = element("button.primary", { type: "button", click: () => count("the generated page", generated) }, "Count the generated page")
  const zone = element("div.zone", {}, button, element("label.file", {}, "Choose a page", file), output)

  zone.addEventListener("dragover", (event) => { event.preventDefault(); zone.classList.add("over") })
  zone.addEventListener("dragleave", () => zone.classList.remove("over"))
  zone.addEventListener("drop", (event) => {
    event.preventDefault()
    zone.classList.remove("over")
    drop(event.dataTransfer.files[0])
  })
  // A page that misses the zone would replace the slides.
  for (const type of ["dragover", "drop"]) addEventListener(type, (event) => event.preventDefault())

  async function drop(dropped) {
    if (!dropped) return show(element("p.error", {}, "There is no file in what was dropped."))
    if (dropped.size > MAX_PAGE_BYTES) return show(element("p.error", {}, `${dropped.name} has ${bytes(dropped.size)}; the parser reads at most ${bytes(MAX_PAGE_BYTES)}.`))
    try {
      await count(dropped.name, new Uint8Array(await dropped.arrayBuffer()))
    } catch (error) {
      show(element("p.error", {}, `${dropped.name} can't be read: ${error.message}`))
    }
  }

  const show = (...children) => output.replaceChildren(...children)

  let running = false
  async function count(name, page) {
    if (running) return
    running = true
    container.dataset.state = "running"
    button.disabled = true
    show(element("p.note", {}, "Counting…"))
    try {
      await frame()
      show(...(await answer(guest, name, page)))
    } catch (error) {
      show(element("p.error", {}, error.message))
    } finally {
      running = false
      button.disabled = false
      container.dataset.state = "answered"
    }
  }
  container.replaceChildren(zone)
}

/** The answers first, and only if they agree the times. */
async function answer(guest, name, page) {
  const read = guest.read(page)
  if (read.total === undefined) return [element("p.error", {}, `${name}: ${KINDS[read.kind] ?? read.kind}`), element("p.note", {}, "A page without a total is an error. It is never a zero.")]
  const byDom = totalByDom(page)
  const total = element("p.total", {}, element("strong", {}, read.total.toLocaleString("en")), ` downloads, and ${read.daily?.length ?? 0} days`)
  if (byDom !== read.total) return [total, element("p.error", {}, `DOMParser finds ${byDom ?? "no total"}: the answers differ, so nothing is timed.`)]
  const step = resolution()
  const inWasm = await measure(() => guest.read(page), { pause: frame })
  const inBrowser = await measure(() => totalByDom(page), { pause: frame, warmUp: 600, steps: 20 })
  return [
    total,
    timesTable([
      ["The guest, in Wasm, without a tree", duration(median(inWasm))],
      ["DOMParser, native, with a tree", duration(median(inBrowser))],
    ]),
    element("p.note", {}, `Both found the same total of ${name}, ${bytes(page.length)}. Medians of ${inWasm.length} values, both warm; the clock has steps of ${duration(step)}.`),
  ]
}

function bytes(count) {
  const [unit, size] = count >= 1 << 20 ? ["MiB", 1 << 20] : count >= 1 << 10 ? ["KiB", 1 << 10] : ["bytes", 1]
  return `${Number((count / size).toPrecision(3))} ${unit}`
}
