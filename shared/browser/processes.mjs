// The processes of a test run: each is stopped with all of its children when the run ends.

import { spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { existsSync } from "node:fs"
import { readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"

export class Processes {
  #running = new Set()
  #stopped = false

  /** `directory`: the working directory of every process. */
  constructor(directory) {
    this.directory = directory
  }

  /**
   * Calls `main`, and then stops every process. Returns the exit status of this program: what `main` returns, 1 after an
   * error, 130 after a signal.
   */
  async during(main) {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
      process.on(signal, () => {
        this.#stopped = true
        this.#running.forEach(stop)
      })
    }
    let status = 1
    try {
      status = await main()
    } catch (error) {
      console.error(error.message)
    } finally {
      this.#running.forEach(stop)
      await Promise.all([...this.#running].map(({ ended }) => ended))
    }
    return this.#stopped ? 130 : status
  }

  /**
   * Starts a program. `options` are those of spawn. Returns an object whose promise `ended` has the exit code, and whose
   * `outcome` is that code or the signal which ended the process.
   */
  start(program, args, environment = {}, options = {}) {
    const child = spawn(program, args, {
      cwd: this.directory,
      stdio: ["ignore", "inherit", "inherit"],
      // A process group of its own, so that its children are stopped with it.
      detached: true,
      ...options,
      env: { ...process.env, ...environment },
    })
    const started = { child, name: [program, ...args].join(" ") }
    this.#running.add(started)
    started.ended = new Promise((resolve, reject) => {
      child.on("error", (error) => {
        this.#running.delete(started)
        reject(new Error(`starting ${program}: ${error.message}`))
      })
      child.on("exit", (code, signal) => {
        this.#running.delete(started)
        started.outcome = signal ?? code
        resolve(code ?? 1)
      })
    })
    return started
  }

  /** Runs a program that has to succeed. */
  async run(program, args, environment) {
    const started = this.start(program, args, environment)
    if ((await started.ended) !== 0) throw new Error(`${started.name} ended with ${started.outcome}`)
  }

  /** Runs `npm ci`, unless the packages were installed from this lock file. */
  async installPackages() {
    const lock = createHash("sha256").update(await readFile(join(this.directory, "package-lock.json"))).digest("hex")
    const stamp = join(this.directory, "node_modules/.installed-from")
    if (existsSync(stamp) && (await readFile(stamp, "utf8")) === lock) return
    await this.run("npm", ["ci"])
    await writeFile(stamp, lock)
  }
}

function stop({ child }) {
  try {
    process.kill(-child.pid, "SIGTERM")
  } catch {
    // It has just ended by itself.
  }
}
