// The parser's module in Node.js: node ex2-parser/hosts/node/host.mjs MODULE KIND PAGE…
import { readFileSync } from "node:fs"
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads"

const MAX_ANSWER_BYTES = 16 << 20

async function readPages([path, kind, ...pages]) {
  let clock = performance.now()
  const lap = (name) => {
    parentPort.postMessage({ time: `${name} ${performance.now() - clock}ms` })
    clock = performance.now()
  }

  // 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
  const module = await WebAssembly.compile(readFileSync(path))
  lap("set-up")
  const { exports } = await WebAssembly.instantiate(module, {})
  lap("start")

  for (const page of pages.map((page) => readFileSync(page))) {
    clock = performance.now()
    // 2. Give it the page: in its memory, at an address that it chooses and Uint8Array checks.
    // JavaScript receives an i32 as a signed number. `>>> 0` makes it unsigned.
    const room = exports.allocate(page.length) >>> 0
    if (room === 0) throw new Error("the module has no room for the page")
    new Uint8Array(exports.memory.buffer, room, page.length).set(page)
    const status = exports.extract(Number(kind), page.length)

    // 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
    const [address, length] = [exports.result() >>> 0, exports.result_length() >>> 0]
    if (status !== 0 && status !== 1) throw new Error(`the module returned the status ${status}`)
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer's length: ${length} bytes`)
    const bytes = new Uint8Array(exports.memory.buffer, address, length)
    const answer = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    const object = JSON.parse(answer)
    if (Object.getPrototypeOf(object) !== Object.prototype) throw new Error("the answer's form: no JSON object")
    lap("page")
    parentPort.postMessage({ answer })
  }
}

if (isMainThread) {
  const arguments_ = process.argv.slice(2)
  if (arguments_.length < 3) throw new Error("MODULE KIND PAGE… are needed")
  // V8 stops a guest only together with its thread. It has no limit for a memory that the module itself defines.
  const worker = new Worker(new URL(import.meta.url), { workerData: arguments_ })
  const fail = (message) => {
    console.error(message)
    process.exit(1)
  }
  setTimeout(() => fail("the module was not done in time"), 1000 * (process.env.TIME_LIMIT ?? 10)).unref()
  worker.on("message", ({ time, answer }) => (answer === undefined ? console.error(time) : console.log(answer)))
  worker.on("error", (error) => fail(`${error.name}: ${error.message}`))
} else {
  await readPages(workerData)
}
