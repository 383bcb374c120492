// Opens a page with guarded.js in Chromium, without a window. It reads a module's path from each line of its standard
// input, lets the page run the module, and prints a line: `answered {…}` or `stopped …`.
import { readFileSync, statSync } from "node:fs"
import { createInterface } from "node:readline"
import { chromium } from "playwright-core"
import { ARGUMENTS, chromiumPath } from "../../../shared/browser/chromium.mjs"

const ORIGIN = "http://localhost"
const MAX_MODULE_BYTES = 16 << 20
const TIME_LIMIT = Number(process.env.TIME_LIMIT ?? 10)
/** They isolate the page from other windows. Only such a page may share memory between its threads. */
const headers = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }

let module

/** The page's files. No server is behind its address: they come from this program. */
function fulfill(route) {
  const { pathname } = new URL(route.request().url())
  if (pathname === "/") {
    const body = '<!doctype html><title>Guests</title><script type="module" src="guarded.js"></script>'
    return route.fulfill({ contentType: "text/html", body, headers })
  }
  if (pathname.startsWith("/module/")) {
    if (statSync(module).size > MAX_MODULE_BYTES) return route.fulfill({ status: 413, headers })
    return route.fulfill({ contentType: "application/wasm", body: readFileSync(module), headers })
  }
  if (!["/guarded.js", "/guest.js"].includes(pathname)) return route.abort()
  const body = readFileSync(new URL(`.${pathname}`, import.meta.url))
  return route.fulfill({ contentType: "text/javascript", body, headers })
}

const browser = await chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS })
try {
  const page = await browser.newPage()
  await page.route("**", fulfill)
  await page.goto(ORIGIN)
  let number = 0
  for await (const path of createInterface({ input: process.stdin })) {
    module = path
    number += 1
    const run = page.evaluate(([address, seconds]) => self.outcome(address, seconds), [`/module/${number}`, TIME_LIMIT])
    console.log((await run).replaceAll(/\s+/g, " ").slice(0, 300))
  }
} finally {
  await browser.close()
}
