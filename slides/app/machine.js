// Your machine: measures hello and the parser in this browser, and saves a record that
// `cargo xtask matrix --compare A B` reads.

import helloWat from "assets:hello.wat"
import parserWasm from "assets:parser.wasm"
import generatedPage from "assets:page.html"
import { duration, interval, measure, resolution } from "./clock.js"
import { element, frame, timesTable } from "./dom.js"
import { Guest } from "./guest.js"
import { runInWorker } from "./hello.js"
import { record } from "./record.js"

const SAMPLES = 51

export async function start(container) {
  const guest = await Guest.load()
  const page = new TextEncoder().encode(generatedPage)
  const output = element("div.output", { role: "status", "aria-live": "polite" }, element("p.note", {}, "It takes some seconds."))
  const button = element("button.primary", { type: "button", click: run }, "Measure this browser")

  async function run() {
    button.disabled = true
    container.dataset.state = "running"
    output.replaceChildren(element("p.note", {}, "Measuring…"))
    try {
      await frame()
      output.replaceChildren(...(await answer()))
    } catch (error) {
      output.replaceChildren(element("p.error", {}, error.message))
    } finally {
      button.disabled = false
      container.dataset.state = "answered"
    }
  }

  async function answer() {
    const begin = performance.now()
    const hello = await runInWorker(helloWat, SAMPLES)
    if (hello.error) throw new Error(hello.error.message)
    const helloSeconds = (performance.now() - begin) / 1000
    if (guest.read(page).total === undefined) throw new Error("the guest finds no total on the generated page")
    const parser = await measure(() => guest.read(page), { samples: SAMPLES, pause: frame })
    const parserSeconds = (performance.now() - begin) / 1000 - helloSeconds
    const made = record({
      at: new Date(),
      navigator,
      hello: { values: hello.values, seconds: helloSeconds, bytes: hello.bytes },
      parser: { values: parser, seconds: parserSeconds, bytes: parserWasm.length },
    })
    const name = `${made.recorded_at.slice(0, 19).replaceAll(":", "")}Z.json`
    const address = URL.createObjectURL(new Blob([`${JSON.stringify(made, null, 2)}\n`], { type: "application/json" }))
    const row = (label, values) => {
      const { estimate, lower, upper } = interval(values)
      return [label, duration(estimate), `${duration(lower)} to ${duration(upper)}`]
    }
    return [
      timesTable([row("A warm call of hello.wat", hello.values), row("One page by the parser's guest", parser)]),
      element("p", {}, element("a.button", { href: address, download: name }, "Save the record")),
      element("p.note", {}, `Medians with their intervals; the clock has steps of ${duration(resolution())}.`),
    ]
  }

  const recorded = container.querySelector("table.summary")
  container.replaceChildren(element("div.zone", {}, button, output), ...(recorded ? [element("p.note", {}, "The record of the talk, beside it:"), recorded] : []))
}
