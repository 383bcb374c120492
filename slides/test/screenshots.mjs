// A picture of every slide: on both kinds of projector, in the light and in the dark; of the live ones also their answers.

import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { NARROW, WIDE, go, launch, titles, visit } from "./browser.mjs"

const directory = process.argv[2]
await mkdir(directory, { recursive: true })
const browser = await launch()
try {
  for (const [name, options] of Object.entries({
    "wide-light": { viewport: WIDE }, "wide-dark": { viewport: WIDE, theme: "dark" }, "narrow-light": { viewport: NARROW },
  })) {
    await visit(browser, async (page) => {
      for (const [index, title] of (await titles(page)).entries()) {
        const section = await go(page, title)
        const picture = (suffix = "") => page.screenshot({ path: join(directory, `${name}-${String(index + 1).padStart(2, "0")}${suffix}.png`) })
        await picture()
        for (const [number, button] of (await section.locator(".live button:not([aria-pressed])").all()).entries()) {
          await button.click()
          await section.locator('.live[data-state="answered"]').waitFor()
          await picture(`-${number + 1}`)
          await section.locator(".live").evaluate((live) => delete live.dataset.state)
        }
      }
    }, options)
  }
} finally {
  await browser.close()
}
