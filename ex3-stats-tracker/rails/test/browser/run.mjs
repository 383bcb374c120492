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

import { randomBytes, randomInt } from "node:crypto"
import { mkdtemp, rm } from "node:fs/promises"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { Processes } from "../../../../shared/browser/processes.mjs"
import { separated, testArguments, testNames } from "../../../../shared/browser/tests.mjs"
import { startPostgres } from "./postgresql.mjs"

const root = fileURLToPath(new URL("../..", import.meta.url))
const command = (process.env.RAILS_COMMAND ?? "cargo run --quiet -p system --bin debian-root -- bin/rails").split(" ")
/** Rails starts in three seconds on an idle machine; a busy one may need this long. */
const START_TIMEOUT_SECONDS = 120

const processes = new Processes(root)
const directory = await mkdtemp(join(tmpdir(), "stats-tracker-browser-"))
const status = await processes.during(() => main(process.argv.slice(2)))
await rm(directory, { recursive: true, force: true })
process.exit(status)

async function main(args) {
  const [own, passed] = separated(args)
  const tests = await testNames(join(root, "test/browser"))
  const unknown = own.find((word) => !["screenshots", "--postgresql", ...tests].includes(word))
  if (unknown) throw new Error(`${unknown} is neither screenshots nor --postgresql nor tests (${tests.join(", ")}); arguments for node --test follow a --`)
  const chosen = tests.filter((name) => own.includes(name))
  await processes.installPackages()
  await processes.run("npm", ["run", "--silent", "build"])
  const database = own.includes("--postgresql") ? await startPostgres(directory, processes) : `sqlite3:${join(directory, "browser.sqlite3")}`
  const environment = { STATS_TRACKER_STORAGE: directory, DATABASE_URL: database }
  console.error("seeding")
  const today = new Date().toISOString().slice(0, 10)
  await runRails(["runner", "test/browser/scenario.rb"], environment)
  const production = { RAILS_ENV: "production", SECRET_KEY_BASE: randomBytes(64).toString("hex"), RAILS_LOG_LEVEL: "warn" }
  const site = join(directory, "site")
  if (!own.includes("screenshots") && (chosen.length === 0 || chosen.includes("export"))) {
    // The other tests' database has a thousand packages, and every page is opened.
    const figures = { ...environment, DATABASE_URL: `sqlite3:${join(directory, "site.sqlite3")}` }
    for (const task of ["db:migrate", "figures:invent"]) await runRails([task], figures)
    await runRails([`stats:site[${site}]`], { ...figures, ...production, STATS_TRACKER_DASHBOARD_URL: "https://owner.example/project/" })
  }
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const server = processes.start(...rails(["server"]), { ...environment, ...production, PORT: String(port), BINDING: "127.0.0.1" })
  await answers(url, server)
  const program = own.includes("screenshots")
    ? ["test/browser/screenshots.mjs"]
    : testArguments("test/browser", chosen.length ? chosen : tests, passed)
  return processes.start("node", program, { DASHBOARD_URL: url, DASHBOARD_TODAY: today, SITE: site }).ended
}

/** The program and the arguments of a command of Rails. */
function rails(args) {
  const [program, ...first] = command
  return [program, [...first, ...args]]
}

function runRails(args, environment) {
  return processes.run(...rails(args), { RAILS_ENV: "test", ...environment })
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
