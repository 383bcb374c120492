// One guest from its module's bytes to its answer, checked: for guarded.mjs in Node.js, and guarded.js in a browser.
const MAX_ANSWER_BYTES = 16 << 20
const PAGE = new TextEncoder().encode("<html></html>")

export async function answer(binary) {
  const module = await WebAssembly.compile(binary)
  let exports
  let isInside = false
  const givePage = () => {
    const room = exports.allocate(PAGE.length) >>> 0
    if (room === 0) throw new Error("the module has no room for the page")
    new Uint8Array(exports.memory.buffer, room, PAGE.length).set(PAGE)
    return room
  }
  // What a guest may import: it gets the page once more. It must not come back through it to itself.
  const page = () => {
    if (isInside || exports === undefined) throw new Error("the module asks for the page while it gets it")
    isInside = true
    try {
      return givePage()
    } finally {
      isInside = false
    }
  }
  exports = (await WebAssembly.instantiate(module, { host: { page } })).exports
  givePage()
  const status = exports.extract(0, PAGE.length)
  if (status !== 0 && status !== 1) throw new Error(`the module returned the status ${status}`)
  const [address, length] = [exports.result(), exports.result_length()]
  // A number with a fraction or a BigInt comes from a function of another type.
  if (!Number.isInteger(address) || !Number.isInteger(length)) throw new Error("the answer's place is no i32")
  if (length >>> 0 > MAX_ANSWER_BYTES) throw new Error(`the answer's length: ${length >>> 0} bytes`)
  const bytes = new Uint8Array(exports.memory.buffer, address >>> 0, length)
  const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes)
  if (Object.getPrototypeOf(JSON.parse(text)) !== Object.prototype) throw new Error("the answer's form: no object")
  return text
}
