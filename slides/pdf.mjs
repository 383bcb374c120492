// Prints the built slides.
//
//     node pdf.mjs --directory DIR --output FILE
//
// Chromium prints over DevTools after the slides are laid out: `chromium --print-to-pdf` does not wait for that.

import { rename } from "node:fs/promises"
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { launch } from "./src/chromium.mjs"
import { BAD_DATA, Failure, run } from "./src/command_line.mjs"
import { serve } from "./serve.mjs"

const HELP = `Prints the slides, a page for each.

Usage: node pdf.mjs --directory DIR --output FILE

  --directory DIR  what build.mjs has written
  --output FILE    the PDF`

/** A busy machine may need this long. */
const TIMEOUT_MS = 120_000

export async function print({ directory, output }) {
  const server = await serve({ directory })
  const browser = await launch()
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 720 }, colorScheme: "light" })
    const errors = []
    page.on("pageerror", (error) => errors.push(error.message))
    await page.goto(`${server.url}?view=print`)
    await page.waitForFunction(() => window.talk?.ready && document.querySelector(".pdf-page"), undefined, { timeout: TIMEOUT_MS })
    await page.evaluate(() => document.fonts.ready)
    if (errors.length) throw new Failure(BAD_DATA, `the slides reported an error: ${errors[0]}`)
    // Written beside it first, so that nobody finds half a file.
    const unfinished = `${output}.unfinished`
    await page.pdf({ path: unfinished, preferCSSPageSize: true, printBackground: true, tagged: true, outline: true })
    await rename(unfinished, output)
  } finally {
    await browser.close()
    await server.close()
  }
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = { directory: { type: "string" }, output: { type: "string" } }
  await run(HELP, options, ["directory", "output"], print)
}
