// A PostgreSQL of its own for a run: made in the run's directory, reached by a socket in it, and gone with it.

import { execFileSync } from "node:child_process"
import { accessSync, chmodSync, chownSync, constants, mkdirSync, readdirSync } from "node:fs"
import { join } from "node:path"

/** Where Debian puts PostgreSQL's programs, a directory for each version. */
const DEBIAN = "/usr/lib/postgresql"
const PATIENCE_SECONDS = 60

/** `start` starts what is stopped at the run's end. Returns the address of an empty database. */
export async function startPostgres(directory, start) {
  const programs = newestPrograms()
  const user = userOfTheServer()
  // The server, and Rails as another user, have to get in.
  chmodSync(directory, 0o755)
  const place = join(directory, "postgresql")
  mkdirSync(place)
  if (user.uid !== undefined) chownSync(place, user.uid, user.gid)
  const data = join(place, "data")
  const quiet = { ...user, cwd: place, stdio: ["ignore", "ignore", "inherit"] }
  execFileSync(join(programs, "initdb"), ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--no-locale", "--no-sync", "--pgdata", data], quiet)
  // Nothing has to outlast this run, and nothing of the server's is of interest in it but why it could not start.
  const server = start(
    join(programs, "postgres"),
    ["-D", data, "-k", place, "-c", "listen_addresses=", "-c", "fsync=off", "-c", "log_min_messages=fatal"],
    {},
    { ...user, cwd: place },
  )
  const here = ["--host", place, "--username=postgres"]
  for (let tries = 0; !answers(programs, here); tries++) {
    if (server.outcome !== undefined) throw new Error(`PostgreSQL ended with ${server.outcome} before it answered`)
    if (tries > PATIENCE_SECONDS * 10) throw new Error(`PostgreSQL does not answer after ${PATIENCE_SECONDS} s`)
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
    // There is none.
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

/** It refuses to run as root; the package brings a user. */
function userOfTheServer() {
  if (process.getuid() !== 0) return {}
  const id = (option) => Number(execFileSync("id", [option, "postgres"], { encoding: "utf8" }))
  return { uid: id("-u"), gid: id("-g") }
}
