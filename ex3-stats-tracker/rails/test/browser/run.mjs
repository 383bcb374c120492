// Tests the dashboard in a real browser. From the repository's root:
//
//     node ex3-stats-tracker/rails/test/browser/run.mjs                 the tests; fails where one fails
//     node ex3-stats-tracker/rails/test/browser/run.mjs pages charts    those of pages.test.mjs and charts.test.mjs
//     node ex3-stats-tracker/rails/test/browser/run.mjs --postgresql    the tests, on PostgreSQL instead of SQLite
//     node ex3-stats-tracker/rails/test/browser/run.mjs screenshots     the pictures in ex3-stats-tracker/screenshots
//
// Arguments after -- go to `node --test`. The program installs the npm packages, builds the scripts and styles, seeds a
// database in a temporary directory, starts Rails in production mode, and stops every process that it started.
// RAILS_COMMAND is the command of Rails, by default Debian's: "cargo run --quiet -p system --bin debian-root -- bin/rails".

import { spawn } from "node:child_process"
import { createHash, randomBytes, randomInt } from "node:crypto"
import { existsSync } from "node:fs"
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { startPostgres } from "./postgresql.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const rails = (process.env.RAILS_COMMAND ?? "cargo run --quiet -p system --bin debian-root -- bin/rails").split(" ")
/** Rails starts in three seconds on an idle machine; a busy one may need this long. */
const START_TIMEOUT_SECONDS = 120

const running = new Set()
const directory = await mkdtemp(join(tmpdir(), "stats-tracker-browser-"))
let status = 1
let stopped = false
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
  await rm(directory, { recursive: true, force: true })
}
process.exit(stopped ? 130 : status)

async function main(args) {
  const end = args.includes("--") ? args.indexOf("--") : args.length
  const [own, passed] = [args.slice(0, end), args.slice(end + 1)]
  const tests = await testNames()
  const unknown = own.find((word) => !["screenshots", "--postgresql", ...tests].includes(word))
  if (unknown) throw new Error(`${unknown} is neither screenshots nor --postgresql nor tests (${tests.join(", ")}); arguments for node --test follow a --`)
  const chosen = tests.filter((name) => own.includes(name))
  await installPackages()
  await must(start("npm", ["run", "--silent", "build"]))
  const database = own.includes("--postgresql") ? await startPostgres(directory, start) : `sqlite3:${join(directory, "browser.sqlite3")}`
  const environment = { STATS_TRACKER_STORAGE: directory, DATABASE_URL: database }
  console.error("seeding")
  const today = new Date().toISOString().slice(0, 10)
  await must(startRails(["runner", "test/browser/scenario.rb"], environment))
  const production = { RAILS_ENV: "production", SECRET_KEY_BASE: randomBytes(64).toString("hex"), RAILS_LOG_LEVEL: "warn" }
  const site = join(directory, "site")
  if (!own.includes("screenshots") && (chosen.length === 0 || chosen.includes("export"))) {
    // The other tests' database has a thousand packages, and every page is opened.
    const figures = { ...environment, DATABASE_URL: `sqlite3:${join(directory, "site.sqlite3")}` }
    for (const task of ["db:migrate", "figures:invent"]) await must(startRails([task], figures))
    await must(startRails([`stats:site[${site}]`], { ...figures, ...production, STATS_TRACKER_DASHBOARD_URL: "https://owner.example/project/" }))
  }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = startRails(["server"], {
    ...environment,
    ...production,
    PORT: String(port),
    BINDING: "127.0.0.1",
  })
  await answers(url, server)
  const program = own.includes("screenshots")
    ? ["test/browser/screenshots.mjs"]
    : ["--test", "--test-reporter=spec", "--test-concurrency=1", ...passed, ...(chosen.length ? chosen : tests).map((name) => `test/browser/${name}.test.mjs`)]
  return start("node", program, { DASHBOARD_URL: url, DASHBOARD_TODAY: today, SITE: site }).ended
}

async function testNames() {
  const files = await readdir(join(root, "test/browser"))
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

function startRails(args, environment) {
  return start(rails[0], [...rails.slice(1), ...args], { RAILS_ENV: "test", ...environment })
}

function start(program, args, environment = {}, options = {}) {
  // A process group of its own, so that its children are stopped with it.
  const child = spawn(program, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], detached: true, ...options, env: { ...process.env, ...environment } })
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

/**
 * A port that nobody listens on, below the range from which systems give ports to outgoing connections: another program
 * would soon be given one of those. Chosen by chance, so that two runs do not choose the same.
 */
async function freePort() {
  for (let tries = 0; tries < 100; tries++) {
    const port = randomInt(20_000, 32_000)
    const server = createServer()
    const free = await new Promise((resolve) => {
      server.on("error", () => resolve(false))
      server.listen(port, "127.0.0.1", () => server.close(() => resolve(true)))
    })
    if (free) return port
  }
  throw new Error("no free port was found between 20000 and 32000 on 127.0.0.1")
}

async function answers(url, server) {
  for (let tries = 0; tries < START_TIMEOUT_SECONDS * 5; tries++) {
    if (server.outcome !== undefined) throw new Error(`Rails ended with ${server.outcome} before it answered`)
    const response = await fetch(url).catch(() => null)
    if (response?.ok) return
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  throw new Error(`Rails does not answer at ${url} after ${START_TIMEOUT_SECONDS} s`)
}
