// Where Chromium is, and how it is started for tests and for printing.

import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"

/** Chromium's sandbox does not start for root. Its own background requests are switched off: it asks this machine only. */
export const ARGUMENTS = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
]

/**
 * The names of the programs. The first one draws pages with the same code as the others and has no windows, buttons and
 * menus, which the others compute for each page that is opened, also where nobody sees them.
 */
const NAMES = ["chromium-headless-shell", "chromium", "chromium-browser", "google-chrome"]

/** The path of Chromium: that of the environment variable CHROMIUM, or else the first of the names that is on the PATH. */
export function chromiumPath() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  for (const name of NAMES) {
    for (const directory of (process.env.PATH ?? "").split(delimiter)) {
      try {
        accessSync(join(directory, name), constants.X_OK)
        return join(directory, name)
      } catch {
        // Not in this directory.
      }
    }
  }
  throw new Error("chromium is not on the PATH: apt-get install chromium")
}
