// Tests the talk in a real browser. From the repository's root:
//
//     node slides/test/run.mjs                     the tests; fails where one fails
//     node slides/test/run.mjs deck live           those of deck.test.mjs and live.test.mjs
//     node slides/test/run.mjs --assets DIR        with assets that are there already
//     node slides/test/run.mjs --screenshots DIR   a picture of every slide instead: wide and 4:3, light and dark
//
// Arguments after -- go to `node --test`. Without --assets `cargo xtask slides --prepare DIR` makes the assets. The program
// installs the npm packages, builds the slides in a temporary directory, and serves them to the tests on this machine.

import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Processes } from "../../shared/browser/processes.mjs"
import { separated, testArguments, testNames } from "../../shared/browser/tests.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))

const processes = new Processes(root)
const directory = await mkdtemp(join(tmpdir(), "stats-tracker-slides-"))
let server
const status = await processes.during(() => main(process.argv.slice(2)))
await server?.close()
await rm(directory, { recursive: true, force: true })
process.exit(status)

async function main(args) {
  const [own, passed] = separated(args)
  const [assetsOption, screenshots] = [take(own, "--assets"), take(own, "--screenshots")]
  const tests = await testNames(join(root, "test"))
  const unknown = own.find((word) => !tests.includes(word))
  if (unknown) throw new Error(`${unknown} is neither --assets nor --screenshots nor tests (${tests.join(", ")}); arguments for node --test follow a --`)
  await processes.installPackages()
  const assets = resolve(assetsOption ?? join(directory, "assets"))
  if (!assetsOption) await processes.run("cargo", ["xtask", "slides", "--prepare", assets])
  const talk = join(directory, "talk")
  // Only now: they need the packages.
  const { build } = await import("../build.mjs")
  const { serve } = await import("../serve.mjs")
  await build({ assets, output: talk })
  server = await serve({ directory: talk })
  const environment = { SLIDES_URL: server.url, SLIDES_DIRECTORY: talk, SLIDES_ASSETS: assets }
  const program = screenshots ? ["test/screenshots.mjs", resolve(screenshots)] : testArguments("test", own.length ? own : tests, passed)
  return processes.start("node", program, environment).ended
}

/** Takes an option and its value out of the arguments. */
function take(args, name) {
  const at = args.indexOf(name)
  if (at < 0) return undefined
  const [, value] = args.splice(at, 2)
  if (value === undefined) throw new Error(`after ${name} a directory has to stand`)
  return value
}
