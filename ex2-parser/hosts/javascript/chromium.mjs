// Opens a page with one of this directory's scripts in Chromium, without a window:
//
//     node ex2-parser/hosts/javascript/chromium.mjs host.js MODULE KIND PAGE…
//     node ex2-parser/hosts/javascript/chromium.mjs with_dom_parser.js PAGE…
//
// What the script logs goes to standard output, what it logs with console.info to standard error. Its event `end` ends
// the program, with an error if the event has a text.

import { readFileSync } from "node:fs"
import { chromium } from "playwright-core"
import { ARGUMENTS, chromiumPath } from "../../../shared/browser/chromium.mjs"

/** The page's address. No server is behind it: its files come from this program. */
const ORIGIN = "http://localhost"
/** They isolate the page from other windows. A browser gives such a page the finer clock. */
const HEADERS = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" }

const [script, ...rest] = process.argv.slice(2)
const [module, kind, ...pages] = script === "host.js" ? rest : [undefined, 0, ...rest]
const limit = process.env.TIME_LIMIT ?? "10"
const query = new URLSearchParams([["kind", kind], ["limit", limit], ...pages.map((_, index) => ["page", `page/${index}`])])

function file(path) {
  if (path === "/") return ["text/html", `<!doctype html><title>${script}</title><script type="module" src="${script}"></script>`]
  if (path === "/module.wasm") return ["application/wasm", readFileSync(module)]
  if (path.startsWith("/page/")) return ["application/octet-stream", readFileSync(pages[path.slice("/page/".length)])]
  return ["text/javascript", readFileSync(new URL(`.${path}`, import.meta.url))]
}

const browser = await chromium.launch({ executablePath: chromiumPath(), args: ARGUMENTS })
try {
  const page = await browser.newPage()
  await page.route("**", (route) => {
    const { pathname } = new URL(route.request().url())
    if (pathname === "/favicon.ico") return route.abort()
    const [contentType, body] = file(pathname)
    return route.fulfill({ contentType, body: Buffer.from(body), headers: HEADERS })
  })
  page.on("console", (message) => (message.type() === "log" ? console.log(message.text()) : console.error(message.text())))
  const ended = new Promise((resolve) => page.exposeFunction("ended", resolve).then(() => page.goto(`${ORIGIN}/?${query}`)))
  page.on("pageerror", (error) => { console.error(`${error}`); process.exitCode = 1 })
  await page.addInitScript(() => document.addEventListener("end", (event) => globalThis.ended(event.detail)))
  const message = await ended
  if (message) {
    console.error(message)
    process.exitCode = 1
  }
} finally {
  await browser.close()
}
