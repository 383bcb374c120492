// Runs a module that the audience may break: in a worker, which the slide stops when it is silent for too long.

import { compile as assemble } from "watr"
import { measure, resolution } from "./clock.js"
import { lineOfText, lineOfOffset } from "./locate.js"

/** Lines of output that are kept: a loop may print without end before it is stopped. */
const MAX_LINES = 100

onmessage = async ({ data: { text, calls } }) => {
  try {
    postMessage({ done: await run(text, calls) })
  } catch (error) {
    postMessage({ done: { error: { step: error.step ?? "run", message: error.message, line: error.line } } })
  }
}
postMessage({ started: true })

/** Assembles, compiles and calls; with `calls` also measures warm calls. Every step's time is in milliseconds. */
async function run(text, calls) {
  const times = {}
  const step = resolution()
  let begin = performance.now()
  const mark = (name) => {
    const now = performance.now()
    times[name] = now - begin
    begin = performance.now()
    postMessage({ reached: name })
  }

  let binary
  try {
    binary = assemble(text)
  } catch (error) {
    throw failure("assemble", error.message, lineOfText(text, error.message))
  }
  mark("assemble")

  let module
  try {
    module = await WebAssembly.compile(binary)
  } catch (error) {
    throw failure("compile", error.message, lineOfOffset(text, binary, error, assemble))
  }
  mark("compile")

  const memory = new WebAssembly.Memory({ initial: 1 })
  const decoder = new TextDecoder("utf-8", { fatal: true })
  const lines = []
  let silent = false
  const log = (offset, length) => {
    // JavaScript receives an i32 as a signed number. `>>> 0` makes it unsigned.
    [offset, length] = [offset >>> 0, length >>> 0]
    const size = memory.buffer.byteLength
    if (offset + length > size) throw new RangeError(`the module passed ${length} bytes at offset ${offset}, and its memory has ${size}`)
    const line = decoder.decode(new Uint8Array(memory.buffer, offset, length))
    if (!silent && lines.length < MAX_LINES) lines.push(line)
  }
  let instance
  try {
    instance = await WebAssembly.instantiate(module, { console: { log }, js: { mem: memory } })
  } catch (error) {
    throw failure("instantiate", error.message, lineOfText(text, error.message))
  }
  mark("instantiate")

  const { helloWorld } = instance.exports
  if (typeof helloWorld !== "function") throw failure("call", "the module exports no function helloWorld")
  try {
    helloWorld()
  } catch (error) {
    throw failure("call", error.message, lineOfOffset(text, binary, error, assemble))
  }
  mark("first call")

  // The first calls of a fresh module are slow: a browser compiles it again while it runs.
  silent = true
  const values = calls === 0 ? [] : await measure(helloWorld, { samples: calls, warmUp: 100, steps: 200 })
  return { lines, times, values, bytes: binary.length, step }
}

const failure = (step, message, line) => Object.assign(new Error(message), { step, line })
