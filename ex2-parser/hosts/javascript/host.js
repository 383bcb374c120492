// The parser's module in a browser: node ex2-parser/hosts/javascript/chromium.mjs host.js MODULE KIND PAGE…
// This file is the script of a page, ?limit=…&kind=0&page=…&page=…, and of the worker that the page starts.
const MAX_ANSWER_BYTES = 16 << 20

async function readPages(query) {
  let clock = performance.now()
  const lap = (name) => {
    postMessage({ time: `${name} ${performance.now() - clock}ms` })
    clock = performance.now()
  }

  // 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
  const module = await WebAssembly.compileStreaming(fetch("module.wasm"))
  lap("set-up")
  const { exports } = await WebAssembly.instantiate(module, {})
  lap("start")

  for (const address of query.getAll("page")) {
    const page = new Uint8Array(await (await fetch(address)).arrayBuffer())
    clock = performance.now()
    // 2. Give it the page: in its memory, at an address that it chooses and Uint8Array checks.
    // JavaScript receives an i32 as a signed number. `>>> 0` makes it unsigned.
    const room = exports.allocate(page.length) >>> 0
    if (room === 0) throw new Error("the module has no room for the page")
    new Uint8Array(exports.memory.buffer, room, page.length).set(page)
    const status = exports.extract(Number(query.get("kind")), page.length)

    // 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
    const [place, length] = [exports.result() >>> 0, exports.result_length() >>> 0]
    if (status !== 0 && status !== 1) throw new Error(`the module returned the status ${status}`)
    if (length > MAX_ANSWER_BYTES) throw new Error(`the answer's length: ${length} bytes`)
    const bytes = new Uint8Array(exports.memory.buffer, place, length)
    const answer = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
    if (Object.getPrototypeOf(JSON.parse(answer)) !== Object.prototype) throw new Error("the answer's form: no object")
    lap("page")
    postMessage({ answer })
  }
  postMessage({ done: true })
}

const query = new URLSearchParams(location.search)
if (self.document === undefined) {
  // A worker reports only exceptions of its own, and not those of a promise.
  readPages(query).catch((error) => setTimeout(() => { throw error }))
} else {
  // A guest in a worker leaves the page usable, and can be stopped. A browser has no limit for a module's own memory.
  const worker = new Worker(import.meta.url + location.search, { type: "module" })
  const end = (message) => {
    worker.terminate()
    document.dispatchEvent(new CustomEvent("end", { detail: message }))
  }
  setTimeout(end, 1000 * query.get("limit"), "the module was not done in time")
  worker.addEventListener("error", (event) => end(event.message))
  worker.addEventListener("message", ({ data: { time, answer, done } }) => {
    if (done) end("")
    else if (answer === undefined) console.info(time)
    else console.log(answer)
  })
}
