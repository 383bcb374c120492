// Makes the pictures in ../../../screenshots for the README: the main pages with the invented figures, labelled as such.

import { mkdir, stat } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { drawn, frames, launch, visit } from "./browser.mjs"

const directory = fileURLToPath(new URL("../../../screenshots/", import.meta.url))

const PICTURES = [
  { name: "organisation", path: "/orgs/fluxcd", width: 1200, height: 1640 },
  { name: "organisation-dark", path: "/orgs/fluxcd", width: 1200, height: 1640, theme: "dark" },
  { name: "organisation-phone", path: "/orgs/fluxcd", width: 390, height: 1400, touch: true },
  { name: "package", path: "/orgs/fluxcd/packages/flagger-loadtester?range=1y", width: 1200, height: 2500 },
  {
    name: "compare-dark", width: 1200, height: 1210, theme: "dark",
    path: "/compare?packages=fluxcd/flux-cli,fluxcd/flagger,fluxcd/flagger-loadtester,fluxcd/charts/flagger&scale=log",
  },
]

await mkdir(directory, { recursive: true })
const browser = await launch()
try {
  for (const { name, path, ...options } of PICTURES) {
    const file = `${directory}${name}.png`
    await visit(browser, path, async (page) => {
      await drawn(page)
      await frames(page, 3)
      await page.screenshot({ path: file, animations: "disabled" })
    }, options)
    console.log(`screenshots/${name}.png: ${Math.round((await stat(file)).size / 1024)} KB`)
  }
} finally {
  await browser.close()
}
