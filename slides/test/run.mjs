// Tests the talk in a real browser. From the repository's root:
//
//     node slides/test/run.mjs                     the tests; fails where one fails
//     node slides/test/run.mjs deck live           those of deck.test.mjs and live.test.mjs
//     node slides/test/run.mjs --assets DIR        with assets that are there already
//     node slides/test/run.mjs --screenshots DIR   a picture of every slide instead: wide and 4:3, light and dark
//
// Arguments after -- go to `node --test`. Without --assets `cargo xtask slides --prepare DIR` makes the assets. The program
// installs the npm packages, builds the slides in a temporary directory, and serves them to the tests on this machine.

import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

const running = new Set()
const directory = await mkdtemp(join(tmpdir(), "stats-tracker-slides-"))
let status = 1
let stopped = false
let server
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
  process.on(signal, () => {
    stopped = true
    running.forEach(stop)
  })
}
try {
  status = await main(process.argv.slice(2))
} catch (error) {
  console.error(error.message)
} finally {
  running.forEach(stop)
  await Promise.all([...running].map(({ ended }) => ended))
  await server?.close()
  await rm(directory, { recursive: true, force: true })
}
process.exit(stopped ? 130 : status)

async function main(args) {
  const end = args.includes("--") ? args.indexOf("--") : args.length
  const [own, passed] = [args.slice(0, end), args.slice(end + 1)]
  const [assetsOption, screenshots] = [take(own, "--assets"), take(own, "--screenshots")]
  const tests = await testNames()
  const unknown = own.find((word) => !tests.includes(word))
  if (unknown) throw new Error(`${unknown} is neither --assets nor --screenshots nor tests (${tests.join(", ")}); arguments for node --test follow a --`)
  await installPackages()
  const assets = resolve(assetsOption ?? join(directory, "assets"))
  if (!assetsOption) await must(start("cargo", ["xtask", "slides", "--prepare", assets]))
  const talk = join(directory, "talk")
  // Only now: they need the packages.
  const { build } = await import("../build.mjs")
  const { serve } = await import("../serve.mjs")
  await build({ assets, output: talk })
  server = await serve({ directory: talk })
  const environment = { SLIDES_URL: server.url, SLIDES_DIRECTORY: talk, SLIDES_ASSETS: assets }
  if (screenshots) return start("node", ["test/screenshots.mjs", resolve(screenshots)], environment).ended
  const chosen = own.length ? own : tests
  return start("node", ["--test", "--test-reporter=spec", "--test-concurrency=1", ...passed, ...chosen.map((name) => `test/${name}.test.mjs`)], environment).ended
}

/** Takes an option and its value out of the arguments. */
function take(args, name) {
  const at = args.indexOf(name)
  if (at < 0) return undefined
  const [, value] = args.splice(at, 2)
  if (value === undefined) throw new Error(`after ${name} a directory has to stand`)
  return value
}

async function testNames() {
  const files = await readdir(join(root, "test"))
  return files.filter((name) => name.endsWith(".test.mjs")).map((name) => name.replace(".test.mjs", "")).sort()
}

/** Runs `npm ci`, unless the packages were installed from this lock file. */
async function installPackages() {
  const lock = createHash("sha256").update(await readFile(join(root, "package-lock.json"))).digest("hex")
  const stamp = join(root, "node_modules/.installed-from")
  if (existsSync(stamp) && (await readFile(stamp, "utf8")) === lock) return
  await must(start("npm", ["ci"]))
  await writeFile(stamp, lock)
}

function start(program, args, environment = {}) {
  // A process group of its own, so that its children are stopped with it.
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], detached: true, env: { ...process.env, ...environment } })
  const one = { child, name: [program, ...args].join(" ") }
  running.add(one)
  one.ended = new Promise((resolve, reject) => {
    child.on("error", (error) => {
      running.delete(one)
      reject(new Error(`starting ${program}: ${error.message}`))
    })
    child.on("exit", (code, signal) => {
      running.delete(one)
      one.outcome = signal ?? code
      resolve(code ?? 1)
    })
  })
  return one
}

function stop({ child }) {
  try {
    process.kill(-child.pid, "SIGTERM")
  } catch {
    // It has just ended by itself.
  }
}

async function must(one) {
  if ((await one.ended) !== 0) throw new Error(`${one.name} ended with ${one.outcome}`)
}
