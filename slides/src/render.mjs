// From slides to HTML.

import { marked } from "marked"
import { drawChart } from "./chart.mjs"
import { compact, escape, highlight } from "./code.mjs"
import { BAD_DATA, Failure } from "./command_line.mjs"

/** What a live slide shows where it can't run, in the caption of its recorded answer. */
const RECORDED = {
  wat: "The recorded answer: this copy of the slide does not run.",
  parser: "The recorded answer: this copy of the slide does not run.",
  bets: "The record's answers:",
  tracker: "A recorded picture, with invented figures: no tracker runs behind this copy of the slide.",
  machine: "The recorded figures: this copy of the slide does not measure.",
}

/** The sections of the deck. `assets`: {matrix, qr}; pictures become files named after `picture(path)`. */
export function renderSlides(slides, assets, picture) {
  return slides.map((slide) => section(slide, assets, picture)).join("\n")
}

function section({ line, title, minutes, notes, layout, blocks }, assets, picture) {
  const parts = []
  for (let index = 0; index < blocks.length; index++) {
    const block = blocks[index]
    try {
      if (block.kind === "live") {
        // The block after it is its recorded answer, unless that is text.
        const next = blocks[index + 1]
        const answer = next && (next.source?.command || next.kind === "matrix" || isPicture(next)) ? blocks[++index] : undefined
        parts.push(live(block, answer, assets, picture))
      } else if (block.kind === "chart") {
        parts.push(chart(block, assets))
        if (blocks[index + 1]?.kind === "matrix") index++
      } else {
        parts.push(render(block, assets, picture))
      }
    } catch (error) {
      if (error instanceof Failure) error.message = `deck.md:${line}, "${title}": ${error.message}`
      throw error
    }
  }
  const columns = layout === "columns" || layout === "title" ? inColumns(parts) : parts.join("\n")
  return `<section class="${layout}" data-timing="${minutes * 60}" aria-label="${escape(plain(title))}">\n${columns}\n` +
    `<aside class="notes">${marked.parse(notes)}</aside>\n</section>`
}

const isPicture = ({ kind, text }) => kind === "markdown" && /^\s*!\[[^\]]*\]\([^)]*\)\s*$/.test(text)

/** The text first, then the last two parts side by side. */
function inColumns(parts) {
  const columns = parts.slice(-2).map((part) => `<div>${part}</div>`).join("")
  return `${parts.slice(0, -2).join("\n")}<div class="side-by-side">${columns}</div>`
}

const plain = (markdown) => markdown.replace(/[`*]|^▶ /g, "")

function render(block, assets, picture) {
  switch (block.kind) {
    case "markdown": return markdown(block.text, picture)
    case "code": return code(block)
    case "matrix": return matrix(block)
    case "qr": return `<figure class="qr">${assets.qr}<figcaption>${escape(block.text)}</figcaption></figure>`
    default: throw new Failure(BAD_DATA, `a block of an unknown kind, ${block.kind}`)
  }
}

function markdown(text, picture) {
  // Nothing in the deck leads out of the slides: a link is for GitHub's readers.
  const renderer = new marked.Renderer()
  renderer.link = function ({ tokens }) { return this.parser.parseInline(tokens) }
  // The fonts have no such triangle.
  renderer.heading = function ({ tokens, depth }) {
    const inside = this.parser.parseInline(tokens)
    return `<h${depth}>${inside.replace(/^▶ /, '<svg class="run" viewBox="0 0 10 10" role="img" aria-label="Live:"><path d="M1 0l9 5-9 5z"/></svg>')}</h${depth}>\n`
  }
  renderer.image = ({ href, text: alt }) => `<img src="${escape(picture(href))}" alt="${escape(alt)}">`
  return marked.parse(text, { renderer })
}

function code({ info, text, source }) {
  const [language, ...options] = info.split(/\s+/)
  const shown = options.includes("compact") ? compact(language, text) : text
  const from = source?.file ? `<figcaption>${escape(source.file)}</figcaption>` : ""
  const table = language === "text" && shown.split("\n").every((line) => line.startsWith("|"))
  const prompt = source?.command ? `<figcaption>${escape(shortCommand(source.command))}</figcaption>` : ""
  // A block that scrolls has to be reachable by keyboard; none scrolls, which a test checks.
  if (table) return `<figure class="code">${prompt}${marked.parse(shown)}</figure>`
  return `<figure class="code">${from}${prompt}<pre><code class="language-${escape(language)}">${highlight(language, shown)}</code></pre></figure>`
}

/** A command as it fits on a slide. */
function shortCommand(command) {
  return command.replaceAll("cargo run -q -p", "cargo run -p").replace(/ --$/, "").replace(" 2>&1 || true", "")
}

/** A part of a record: its sentences and tables. Of the summary the table alone; what stands in it is in the README. */
function matrix({ part, text }) {
  const tables = part === "summary" ? text.split(/\n\n(?!\|)/)[0] : text
  return `<div class="matrix ${part.split(" ")[0]}">${marked.parse(tables)}</div>`
}

function chart({ name }, { matrix: { charts } }) {
  const chart = charts.find((one) => one.name === name)
  if (!chart) throw new Failure(BAD_DATA, `matrix.json has no chart ${name}; it has ${charts.map((one) => one.name).join(", ")}`)
  const missing = (chart.missing ?? []).map(({ label, why }) => `${label}: ${why}`).join("; ")
  return `<figure class="chart">${drawChart(chart)}<figcaption>${escape(chart.title)}. The axis is logarithmic.${missing ? ` Not in it: ${escape(missing)}.` : ""}</figcaption></figure>`
}

function live(block, answer, assets, picture) {
  const { name, options, text } = block
  const recorded = answer ? `<p class="recorded">${RECORDED[name]}</p>${render(answer, assets, picture)}` : ""
  const fallback = {
    wat: () => `${code({ info: ["wat", ...options].join(" "), text })}${recorded}`,
    parser: () => `<div class="body">${markdown(text, picture)}</div>${recorded}`,
    bets: () => (options.includes("settled") ? recorded : `${emptyMatrix(assets)}${questions(text, assets)}`),
    tracker: () => recorded,
    machine: () => `<div class="body">${markdown(text, picture)}</div><p class="recorded">${RECORDED.machine}</p>${summary(assets, (cell) => cell)}`,
  }[name]()
  return `<div class="live" data-live="${name}" data-options="${escape(options.join(" "))}">${fallback}</div>`
}

/** The matrix with a question mark for each figure that it has. */
const emptyMatrix = (assets) => summary(assets, (cell) => (cell ? "?" : ""))

function summary({ matrix: { summary } }, cell) {
  const head = summary.columns.map((column) => `<th scope="col">${escape(column)}</th>`).join("")
  const rows = summary.rows.map(({ label, cells }) => `<tr><th scope="row">${escape(label)}</th>${cells.map((text) => `<td>${escape(cell(text))}</td>`).join("")}</tr>`)
  return `<table class="summary"><thead><tr><td></td>${head}</tr></thead><tbody>${rows.join("")}</tbody></table>`
}

/** The questions to bet on. deck.md has them for GitHub's readers: they have to be the record's. */
function questions(text, { matrix: { verdicts } }) {
  const asked = text.split("\n").map((line) => line.replace(/^\d*[-.*]?\s*/, "").trim()).filter(Boolean)
  const known = verdicts.map(({ question }) => question)
  const wrong = Array.from({ length: Math.max(asked.length, known.length) }, (_, index) => index).find((index) => asked[index] !== known[index])
  if (wrong !== undefined) throw new Failure(BAD_DATA, `the bets ask "${asked[wrong] ?? "nothing"}" where the record asks "${known[wrong] ?? "nothing"}"`)
  const items = verdicts.map(({ slug, question }) => `<li data-question="${escape(slug)}">${escape(question)}</li>`)
  return `<ol class="questions">${items.join("")}</ol>`
}
