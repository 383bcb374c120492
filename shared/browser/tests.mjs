// The tests of a directory, and how they are run.

import { readdir } from "node:fs/promises"

const ENDING = ".test.mjs"

/** The names of the tests: `charts` for charts.test.mjs. */
export async function testNames(directory) {
  const files = await readdir(directory)
  return files.filter((name) => name.endsWith(ENDING)).map((name) => name.slice(0, -ENDING.length)).sort()
}

/** The arguments of Node that run tests one after the other. `directory`: their directory, seen from the working directory. */
export function testArguments(directory, names, passed) {
  return ["--test", "--test-reporter=spec", "--test-concurrency=1", ...passed, ...names.map((name) => `${directory}/${name}${ENDING}`)]
}

/** The arguments before `--`, and those after it. */
export function separated(args) {
  const end = args.includes("--") ? args.indexOf("--") : args.length
  return [args.slice(0, end), args.slice(end + 1)]
}
