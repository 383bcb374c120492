// What a browser lets the slides do: everything on this machine, nothing beyond it.

/**
 * The script in reveal.js' window for the speaker, which a strict policy has to name (reveal.js 6.0.2). The test of that
 * window fails when it changes.
 */
const SPEAKER_WINDOW = "'sha256-GzCveToXhSIzS3M5eQeRm3McVRB7cYneYKwTkzA3wDk='"

/**
 * A Content-Security-Policy. `script`: the source of the slides' own script; `own`: that of its fonts and pictures;
 * `frames`: what may stand in a frame; `connect`: what may be asked.
 */
export function policy({ script, own, frames, connect = "'none'" }) {
  return [
    "default-src 'none'",
    `script-src ${script} 'wasm-unsafe-eval' ${SPEAKER_WINDOW}`,
    // reveal.js sets styles in attributes.
    `style-src 'unsafe-inline'${own === "data:" ? "" : ` ${own}`}`,
    `font-src ${own}`,
    `img-src data: ${own}`,
    "worker-src blob:",
    `connect-src ${connect}`,
    `frame-src ${frames}`,
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ")
}
