// ▶ hello.wat: edited, assembled, compiled and called in the slide.

import hljs from "highlight.js/lib/core"
import wasm from "highlight.js/lib/languages/wasm"
import helloWat from "assets:hello.wat"
import workerSource from "assets:worker.js"
import { compact } from "../src/compact.js"
import { duration, median } from "./clock.js"
import { element, timesTable } from "./dom.js"

hljs.registerLanguage("wasm", wasm)

/** A first call that takes longer is stopped. */
const TIME_LIMIT_MS = 3_000
/** Any other step that takes longer: a busy machine may need some seconds to start a worker, or to measure. */
const STEP_LIMIT_MS = 20_000

const workerAddress = () => URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }))

/**
 * Runs a text in a worker. Resolves with what the worker says, or with an error if a step exceeds the time limit: then the
 * worker is stopped.
 */
export function runInWorker(text, calls = 31) {
  return new Promise((resolve, reject) => {
    const address = workerAddress()
    const worker = new Worker(address)
    let timer
    const end = (settle, value) => {
      clearTimeout(timer)
      worker.terminate()
      URL.revokeObjectURL(address)
      settle(value)
    }
    const wait = (limit, late) => {
      clearTimeout(timer)
      timer = setTimeout(late, limit)
    }
    let reached
    const tooLate = (limit) => end(resolve, { error: { step: "stopped", message: `stopped after ${duration(limit)}: it did not return`, line: lineOfLoop(text) } })
    worker.onerror = (event) => {
      event.preventDefault()
      end(reject, new Error(event.message || "this browser starts no worker"))
    }
    worker.onmessage = ({ data }) => {
      if (data.done) return end(resolve, data.done)
      if (data.started) worker.postMessage({ text, calls })
      reached = data.reached ?? reached
      const limit = reached === "instantiate" ? TIME_LIMIT_MS : STEP_LIMIT_MS
      wait(limit, () => tooLate(limit))
    }
    wait(STEP_LIMIT_MS, () => end(reject, new Error("this browser starts no worker")))
  })
}

/** The line of the only loop, if there is one. */
function lineOfLoop(text) {
  const lines = text.split("\n").map((line) => line.replace(/;;.*/, ""))
  const loops = lines.flatMap((line, index) => (/(^|[\s(])loop\b/.test(line) ? [index + 1] : []))
  return loops.length === 1 ? loops[0] : undefined
}

/** What the audience breaks. Each takes the whole text, as it is in the repository. */
const BREAKS = [
  ["Lie about the length", (text) => text.replace(/i32\.const 29\b/, "i32.const 70000")],
  ["Misspell a name", (text) => text.replace(/call \$log\b/, "call $lag")],
  ["Never return", (text) => text.replace(/call \$log\)\)/, "call $log\n    loop\n      br 0\n    end))")],
  ["Mend it", (text) => text],
]

/** Whether a worker starts here: asked once for all slides. */
let tried

export async function start(container, options) {
  if (typeof WebAssembly !== "object" || typeof Worker !== "function") throw new Error("this browser has no WebAssembly")
  const original = compact("wat", helloWat)
  // A browser may have workers and refuse this one. The slide's recorded answer stays then.
  await (tried ??= runInWorker("(module)", 0))

  const painted = element("pre.painted", { "aria-hidden": "true" })
  const editor = element("textarea.editor", { spellcheck: "false", autocapitalize: "off", autocomplete: "off", wrap: "off", "aria-label": "hello.wat" })
  const output = element("div.output", { role: "status", "aria-live": "polite" })
  const button = element("button.primary", { type: "button", click: run }, "Run")
  const breaks = options.includes("broken") ? BREAKS.map(([label, change]) => element("button", { type: "button", click: () => set(change(original), true) }, label)) : []
  const buttons = element("div.buttons", {}, button, ...breaks)

  editor.addEventListener("input", () => paint())
  editor.addEventListener("scroll", () => { painted.scrollTop = editor.scrollTop; painted.scrollLeft = editor.scrollLeft })
  editor.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) run()
    if (event.key === "Escape") editor.blur()
  })

  function paint(wrong) {
    const lines = hljs.highlight(editor.value, { language: "wasm" }).value.split("\n")
    painted.innerHTML = lines.map((line, index) => `<span class="line${index + 1 === wrong ? " wrong" : ""}">${line || " "}</span>`).join("")
    editor.toggleAttribute("aria-invalid", wrong !== undefined)
  }

  function set(text, andRun = false) {
    editor.value = text
    editor.rows = text.split("\n").length
    output.replaceChildren()
    paint()
    if (andRun) return run()
  }

  let running = false
  async function run() {
    if (running) return
    running = true
    container.dataset.state = "running"
    button.disabled = true
    output.replaceChildren(element("p.note", {}, "Running…"))
    try {
      const answer = await runInWorker(editor.value)
      if (answer.error) showError(answer.error)
      else showAnswer(answer)
    } catch (error) {
      output.replaceChildren(element("p.error", {}, error.message))
    } finally {
      running = false
      button.disabled = false
      container.dataset.state = "answered"
    }
  }

  function showError({ step, message, line }) {
    paint(line)
    const place = line === undefined ? "" : `Line ${line}: `
    output.replaceChildren(element("p.error", {}, `${place}${readable(message)}`), element("p.note", {}, STEPS[step]))
  }

  function showAnswer({ lines, times, values, bytes, step }) {
    paint()
    const rows = [
      [`Assemble, ${bytes} bytes`, duration(times.assemble, step)],
      ["Compile", duration(times.compile, step)],
      ["First call", duration(times["first call"], step)],
      ["Warm call, median", duration(median(values))],
    ]
    output.replaceChildren(
      element("pre.said", {}, lines.join("\n") || "(it printed nothing)"),
      timesTable(rows),
      element("p.note", {}, `This browser, whose clock has steps of ${duration(step)}`),
    )
  }

  container.replaceChildren(element("div.hello", {}, element("div.edited", {}, painted, editor), element("div.beside", {}, buttons, output)))
  set(original)
}

/** Where an error was noticed. */
const STEPS = {
  assemble: "The assembler noticed it: there is no binary.",
  compile: "The engine noticed it while it compiled: nothing has run.",
  instantiate: "The host noticed it while it linked: nothing has run.",
  call: "It happened while it ran. The page goes on.",
  stopped: "The worker was ended. The page goes on.",
  run: "",
}

/** An engine's message without what only its authors read. */
function readable(message) {
  return message.replace(/^WebAssembly\.\w+\(\): /, "").replace(/ @\+\d+$/, "").replace(/ at \d+:\d+$/, "").replace(/^Compiling function #\d+(:"[^"]*")? failed: /, "")
}
