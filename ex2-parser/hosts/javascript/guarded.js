// Any module in a browser, within limits. This file is the script of a page and of the workers that the page starts;
// guarded_chromium.mjs opens the page. A page can't limit the memory of a module, and not its tables.
import { answer } from "./guest.js"

/** Runs a module in a worker of its own: the page stays usable, and can end the worker. */
function outcome(address, seconds) {
  const worker = new Worker(`${import.meta.url}?${encodeURIComponent(address)}`, { type: "module" })
  const first = new Promise((resolve) => {
    worker.addEventListener("message", ({ data }) => resolve(data))
    worker.addEventListener("error", (event) => resolve(`stopped ${event.message}`))
    setTimeout(resolve, 1000 * seconds, "stopped it was not done in time")
  })
  return first.finally(() => worker.terminate())
}

if (self.document === undefined) {
  try {
    const response = await fetch(decodeURIComponent(new URL(import.meta.url).search.slice(1)))
    if (!response.ok) throw new Error("the module is too large")
    postMessage(`answered ${await answer(await response.arrayBuffer())}`)
  } catch (error) {
    postMessage(`stopped ${error}`)
  }
} else {
  self.outcome = outcome
}
