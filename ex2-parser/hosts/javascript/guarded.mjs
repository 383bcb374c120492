// Any module in Node.js, within limits. It reads a module's path from each line of its standard input, and prints a line:
// `answered {…}` or `stopped …`. ../README.md describes what it limits.
import { readFileSync, statSync } from "node:fs"
import { createInterface } from "node:readline"
import { setFlagsFromString } from "node:v8"
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads"
import { answer } from "./guest.js"

const MAX_MODULE_BYTES = 16 << 20
const TIME_LIMIT = Number(process.env.TIME_LIMIT ?? 10)

/** Runs a module in a worker of its own. V8 ends a guest only together with its thread. */
async function outcome(path) {
  if (statSync(path).size > MAX_MODULE_BYTES) return "stopped the module is too large"
  // The worker's limits are those of JavaScript's own memory and stack.
  const resourceLimits = { maxOldGenerationSizeMb: 256, stackSizeMb: 4 }
  const worker = new Worker(new URL(import.meta.url), { workerData: readFileSync(path), resourceLimits })
  const first = new Promise((resolve) => {
    worker.on("message", (text) => resolve(`answered ${text}`))
    worker.on("error", (error) => resolve(`stopped ${error.name}: ${error.message}`))
    setTimeout(resolve, 1000 * TIME_LIMIT, "stopped it was not done in time").unref()
  })
  const text = await first
  await worker.terminate()
  return text.replaceAll(/\s+/g, " ").slice(0, 300)
}

if (isMainThread) {
  // Before the first module: 256 MiB for each memory, and so many entries for each table.
  setFlagsFromString("--wasm-max-mem-pages=4096")
  setFlagsFromString("--wasm-max-table-size=10000")
  for await (const path of createInterface({ input: process.stdin })) console.log(await outcome(path))
} else {
  parentPort.postMessage(await answer(workerData))
}
