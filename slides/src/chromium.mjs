// The Chromium on the PATH, headless.

import { accessSync, constants } from "node:fs"
import { delimiter, join } from "node:path"
import { chromium } from "playwright-core"
import { Failure, UNAVAILABLE } from "./command_line.mjs"

/** Chromium's own background requests are switched off: nothing leaves this machine. */
const QUIET = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
]

export const launch = () => chromium.launch({ executablePath: onPath(), args: QUIET })

function onPath() {
  for (const directory of (process.env.PATH ?? "").split(delimiter)) {
    for (const name of ["chromium", "chromium-browser", "google-chrome"]) {
      try {
        accessSync(join(directory, name), constants.X_OK)
        return join(directory, name)
      } catch {
        // Not in this directory.
      }
    }
  }
  throw new Failure(UNAVAILABLE, "chromium is not on the PATH: apt-get install chromium")
}
