// What the programs of this directory have in common: their arguments, and their exit codes, which follow sysexits.

import { parseArgs } from "node:util"

export const USAGE = 64
export const BAD_DATA = 65
export const NO_INPUT = 66
export const UNAVAILABLE = 69
export const BUG = 70

/** An error for the user: the message names the thing, the cause and the next step. */
export class Failure extends Error {
  constructor(exitCode, message) {
    super(message)
    this.exitCode = exitCode
  }
}

/**
 * Calls `main` with the options that the user gave, and ends the process with a fitting exit code if it fails.
 * `options` are those of `parseArgs`; each of `required` has to be given.
 */
export async function run(help, options, required, main) {
  try {
    const values = parse(help, options, required)
    if (values.help) {
      console.log(help)
      return
    }
    await main(values)
  } catch (error) {
    console.error(error instanceof Failure ? `error: ${error.message}` : error)
    process.exitCode = error.exitCode ?? BUG
  }
}

function parse(help, options, required) {
  let values
  try {
    ({ values } = parseArgs({ options: { ...options, help: { type: "boolean", short: "h" } } }))
  } catch (error) {
    throw new Failure(USAGE, `${error.message}\n\n${help}`)
  }
  const missing = values.help ? undefined : required.find((name) => values[name] === undefined)
  if (missing) throw new Failure(USAGE, `--${missing} is missing\n\n${help}`)
  return values
}
