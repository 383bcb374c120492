// A PostgreSQL server for one run: its data and its Unix socket are in the run's directory and are deleted with it.

import { execFileSync } from "node:child_process"
import { accessSync, chmodSync, chownSync, constants, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** Debian's directory of PostgreSQL's programs, with a directory for each version. */
const DEBIAN = "/usr/lib/postgresql"
const START_TIMEOUT_SECONDS = 60

/** Starts the server among `processes`, which are stopped at the run's end. Returns the URL of an empty database. */
export async function startPostgres(directory, processes) {
  const programs = newestPrograms()
  const user = userOfTheServer()
  // The server and Rails may run as different users.
  chmodSync(directory, 0o755)
  const place = join(directory, "postgresql")
  mkdirSync(place)
  if (user.uid !== undefined) chownSync(place, user.uid, user.gid)
  const data = join(place, "data")
  const quiet = { ...user, cwd: place, stdio: ["ignore", "ignore", "inherit"] }
  execFileSync(join(programs, "initdb"), ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata", data], quiet)
  // No data has to survive this run, so that fsync is off. Only the reason of a failed start is logged.
  const server = processes.start(
    join(programs, "postgres"),
    ["-D", data, "-k", place, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"],
    {},
    { ...user, cwd: place },
  )
  const here = ["--host", place, "--username=postgres"]
  for (let tries = 0; !answers(programs, here); tries++) {
    if (server.outcome !== undefined) throw new Error(`PostgreSQL ended with ${server.outcome} before it answered`)
    if (tries > START_TIMEOUT_SECONDS * 10) throw new Error(`PostgreSQL does not answer after ${START_TIMEOUT_SECONDS} s`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  execFileSync(join(programs, "createdb"), [...here, "browser"], quiet)
  return `postgresql://postgres@${encodeURIComponent(place)}/browser`
}

function answers(programs, here) {
  try {
    execFileSync(join(programs, "pg_isready"), here, { stdio: "ignore" })
    return true
  } catch {
    return false
  }
}

function newestPrograms() {
  let versions = []
  try {
    versions = readdirSync(DEBIAN).map(Number).filter(Number.isInteger).sort((one, other) => other - one)
  } catch {
    // Debian's PostgreSQL is not installed.
  }
  for (const version of versions) {
    const programs = join(DEBIAN, String(version), "bin")
    try {
      accessSync(join(programs, "postgres"), constants.X_OK)
      return programs
    } catch {
      // Only its client is installed.
    }
  }
  throw new Error("PostgreSQL is not installed; on Debian: apt-get install postgresql")
}

/** PostgreSQL refuses to run as root; Debian's package creates the user postgres. */
function userOfTheServer() {
  if (process.getuid() !== 0) return {}
  const id = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}
