// Chromium, headless.

import { chromium } from "playwright-core"
import { ARGUMENTS, chromiumPath } from "../../shared/browser/chromium.mjs"
import { Failure, UNAVAILABLE } from "./command_line.mjs"

export const launch = () => chromium.launch({ executablePath: path(), args: ARGUMENTS })

function path() {
  try {
    return chromiumPath()
  } catch (error) {
    throw new Failure(UNAVAILABLE, error.message)
  }
}
