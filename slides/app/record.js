// A record of this browser, in the schema of shared/bench's records.

import { interval } from "./clock.js"

const SCHEMA = 4
const CONFIDENCE = 0.95

/** `hello`, `parser`: {values in milliseconds, seconds that it took, bytes of the guest}. */
export function record({ at, navigator, hello, parser }) {
  const browser = browserOf(navigator)
  return {
    schema: SCHEMA,
    recorded_at: at.toISOString(),
    quick: false,
    rounds: 1,
    all_benches: false,
    machine: {
      processor: "unknown",
      architecture: navigator.userAgentData?.platform ?? "unknown",
      cores: navigator.hardwareConcurrency ?? 0,
      memory_bytes: (navigator.deviceMemory ?? 0) * 2 ** 30,
      system: browser,
      kernel: "unknown",
    },
    load_before: null,
    load_after: null,
    rustc: "none: a browser",
    commit: null,
    benches: [
      bench("hello", hello, { id: "wat/browser", label: "Wat guest, in a browser", row: "Hello World", column: "Wat2wasm" }, browser),
      bench("parser", parser, { id: "stream/browser", label: "Rust in Wasm, stream, in a browser", row: "HTML Parser", column: "Wasm (Rust)" }, browser),
    ],
  }
}

function bench(name, { values, seconds, bytes }, { id, label, row, column }, browser) {
  const directory = `${id.replace("/", "_")}/work`
  const nanoseconds = values.map((value) => value * 1e6)
  const middle = interval(nanoseconds)
  return {
    name,
    seconds,
    cases: [{ id, label, row, model: "call", column, engine: browser, versions: { browser }, guest_bytes: bytes, steps: { work: directory } }],
    skipped: [],
    estimates: {
      [directory]: { id: `${id}/work`, confidence: CONFIDENCE, samples: values.length, median: middle, mean: mean(nanoseconds) },
    },
  }
}

/** The mean, with the interval of a normal distribution around it. */
function mean(values) {
  const estimate = values.reduce((sum, value) => sum + value, 0) / values.length
  const variance = values.reduce((sum, value) => sum + (value - estimate) ** 2, 0) / Math.max(values.length - 1, 1)
  const half = 1.96 * Math.sqrt(variance / values.length)
  // A wide spread has no end below; no time is 0 or less.
  return { estimate, lower: Math.max(estimate - half, Math.min(...values)), upper: estimate + half }
}

/** The browser and its version, without characters that could break a table. */
function browserOf({ userAgentData, userAgent }) {
  const brand = userAgentData?.brands?.find(({ brand }) => !/not.a.brand/i.test(brand) && brand !== "Chromium") ?? userAgentData?.brands?.find(({ brand }) => brand === "Chromium")
  const [, firefox] = /Firefox\/([\d.]+)/.exec(userAgent ?? "") ?? []
  const [, chromium] = /Chrome\/([\d.]+)/.exec(userAgent ?? "") ?? []
  const [, safari] = /Version\/([\d.]+).*Safari/.exec(userAgent ?? "") ?? []
  if (brand) return `${brand.brand} ${brand.version}`
  if (firefox) return `Firefox ${firefox}`
  if (chromium) return `Chromium ${chromium}`
  return safari ? `Safari ${safari}` : "a browser"
}
