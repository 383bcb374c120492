// A host for the parser's guest: the module that Ruby and Spin run, in a browser. It checks whatever the guest says.

import parserWasm from "assets:parser.wasm"

/** As the guest's own limit. A larger page is refused before it costs memory. */
export const MAX_PAGE_BYTES = 8 << 20

const PACKAGE_PAGE = 0

export class Guest {
  static async load() {
    const { instance } = await WebAssembly.instantiate(parserWasm, {})
    return new Guest(instance.exports)
  }

  constructor(exports) {
    this.exports = exports
    this.decoder = new TextDecoder("utf-8", { fatal: true })
  }

  /** The answer of a page: `{total, daily}`, or `{kind, …}` if it has none. */
  // region: read
  read(page) {
    const { memory, allocate, extract, result, result_length: resultLength } = this.exports
    const address = allocate(page.length) >>> 0
    if (address === 0) throw new Error(`the guest has no space for a page of ${page.length} bytes`)
    // A view of the memory is taken anew each time: the memory may have grown.
    new Uint8Array(memory.buffer, address, page.length).set(page)
    const status = extract(PACKAGE_PAGE, page.length)
    const [offset, length] = [result() >>> 0, resultLength() >>> 0]
    if (status > 1 || offset + length > memory.buffer.byteLength) throw new Error("the guest's answer is not in its memory")
    return JSON.parse(this.decoder.decode(new Uint8Array(memory.buffer, offset, length)))
  }
  // endregion: read
}

/**
 * The total by the browser's own parser: the number in the `title` of the `h3` directly after the only label. Documents of
 * a DOMParser run no scripts and load nothing.
 */
export function totalByDom(page) {
  const tree = new DOMParser().parseFromString(new TextDecoder().decode(page), "text/html")
  const labels = [...tree.querySelectorAll("span")].filter((span) => span.textContent.trim() === "Total downloads")
  const heading = labels.length === 1 ? labels[0].nextElementSibling : null
  const title = heading?.localName === "h3" ? heading.getAttribute("title") : null
  return title !== null && /^\d+$/.test(title) ? Number(title) : null
}
