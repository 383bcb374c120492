// Reads deck.md: slides between lines of `---`, each with a title, its content in blocks, and its notes with their minutes.
//
// deck.md is what a reader on GitHub sees, too. So what the slides need beyond Markdown stands in comments and in the first
// lines of fences:
//
//     <!-- file: PATH#REGION -->  <!-- output: COMMAND -->  <!-- matrix: PART from RECORD -->
//                                 content spliced by `cargo xtask readme --write`, up to <!-- end -->
//     <!-- layout: columns -->    the two blocks after the text stand side by side
//     ```wat live                 a slide that runs; the block after it is its recorded answer
//     ```chart parser             a chart of matrix.json; the part of the record after it is for GitHub's readers
//     ```qr                       the QR code; its line is the address in it
//
// A figure on a slide comes from the record, or from the program that computes it. So a digit outside of spliced content is
// an error. A digit within a name is none: ex1-hello, HTML5.

import { BAD_DATA, Failure } from "./command_line.mjs"

const SPLICED = /^<!-- (file|output|matrix): (.+) -->$/
const END = "<!-- end -->"
const LAYOUT = /^<!-- layout: (\w+) -->$/
const NOTES = /^<details><summary>Notes, (\d+|\d*\.5) minutes?<\/summary>$/
const FENCE = /^(`{3,})(.*)$/

/** The fences that run, by their first lines. */
export const LIVE = ["wat live", "parser live", "bets live", "bets live settled", "tracker live", "machine live"]

/** A digit that is no part of a name. */
const FIGURE = /(?<![A-Za-z][\w-]*)\d/

/**
 * Returns the slides: `{line, title, minutes, notes, layout, blocks}`. A block is one of
 *
 *     {kind: "markdown", text}
 *     {kind: "code", info, text, source?}                source: {file, region} or {command}
 *     {kind: "matrix", part, record, text}
 *     {kind: "live", name, options, text, source?}
 *     {kind: "chart", name}
 *     {kind: "qr", text}
 *
 * Throws a Failure that names the line of whatever is wrong.
 */
export function parseDeck(text) {
  return split(text.split("\n")).map(slide)
}

/** Groups of `{number, text}` lines, one for each slide. A `---` within a fence separates nothing. */
function split(lines) {
  const slides = [[]]
  let fence = null
  lines.forEach((text, index) => {
    const [, ticks] = FENCE.exec(text) ?? []
    if (fence === null && ticks) fence = ticks
    else if (fence !== null && text === fence) fence = null
    if (fence === null && text === "---") slides.push([])
    else slides.at(-1).push({ number: index + 1, text })
  })
  return slides
}

function slide(lines) {
  const [content, notes] = cutNotes(lines)
  const blocks = []
  let layout = "plain"
  let title = null
  let at = 0
  const fail = (message) => { throw new Failure(BAD_DATA, `deck.md:${content[Math.min(at, content.length - 1)].number}: ${message}`) }
  const until = (end) => {
    const from = at
    while (content[at]?.text !== end) if (++at >= content.length) { at = from - 1; fail(`there is no \`${end}\` after this line`) }
    return content.slice(from, at++).map(({ text }) => text)
  }
  while (at < content.length) {
    const { text } = content[at]
    const spliced = SPLICED.exec(text)
    const fence = FENCE.exec(text)
    if (spliced) {
      at++
      blocks.push(splicedBlock(spliced[1], spliced[2], until(END), fail))
    } else if (fence) {
      at++
      const inside = until(fence[1])
      inside.forEach((line) => { if (FIGURE.test(line)) fail(strayDigit(line)) })
      blocks.push(fencedBlock(fence[2].trim(), inside.join("\n"), undefined, fail))
    } else if (LAYOUT.test(text)) {
      [, layout] = LAYOUT.exec(text)
      at++
    } else if (text.startsWith("<!--")) {
      while (!content[at].text.includes("-->")) if (++at >= content.length) fail("this comment does not end")
      at++
    } else {
      if (FIGURE.test(visible(text))) fail(strayDigit(text))
      const heading = /^#{1,2} (.+)$/.exec(text)
      if (heading && title === null) title = heading[1]
      const last = blocks.at(-1)
      if (last?.kind === "markdown") last.text += `\n${text}`
      else blocks.push({ kind: "markdown", text })
      at++
    }
  }
  at = 0
  if (title === null) fail("this slide has no title, which is a line that begins with # or ##")
  const full = blocks.filter(({ kind, text }) => kind !== "markdown" || text.trim() !== "")
  return { line: content[0].number, title, ...notes, layout, blocks: full }
}

/** The lines before the notes, and `{minutes, notes}`. */
function cutNotes(lines) {
  const first = lines.find(({ text }) => text.trim() !== "") ?? lines[0] ?? { number: 1 }
  const fail = ({ number }, message) => { throw new Failure(BAD_DATA, `deck.md:${number}: ${message}`) }
  const begin = lines.findIndex(({ text }) => NOTES.test(text))
  if (begin < 0) fail(first, "this slide has no notes: `<details><summary>Notes, 2 minutes</summary>`")
  const end = lines.findIndex(({ text }, index) => index > begin && text === "</details>")
  if (end < 0) fail(lines[begin], "these notes have no `</details>`")
  const after = lines.slice(end + 1).find(({ text }) => text.trim() !== "")
  if (after) fail(after, "the notes have to end the slide")
  const inside = lines.slice(begin + 1, end)
  // What to type may have digits; a figure that is said aloud stands on the slide.
  const stray = inside.find(({ text }) => FIGURE.test(visible(text).replace(/`[^`]*`/g, "")))
  if (stray) fail(stray, strayDigit(stray.text))
  return [lines.slice(0, begin), { minutes: Number(NOTES.exec(lines[begin].text)[1]), notes: inside.map(({ text }) => text).join("\n").trim() }]
}

/** A line without the addresses of its links and pictures, which nobody sees. */
function visible(text) {
  return text.replace(/\]\([^)]*\)/g, "]")
}

const strayDigit = (line) => `a digit outside of spliced content: ${line.trim()}\n  ` +
  "splice the figure from its source, or write the sentence without it"

function splicedBlock(kind, source, lines, fail) {
  if (kind === "matrix") {
    const [part, record] = source.split(" from ")
    return { kind, part, record, text: lines.join("\n").trim() }
  }
  const fence = FENCE.exec(lines[0] ?? "")
  if (!fence || lines.at(-1) !== fence[1]) fail(`a fenced block has to stand after \`${source}\``)
  const [file, region] = source.split("#")
  return fencedBlock(fence[2].trim(), lines.slice(1, -1).join("\n"), kind === "file" ? { file, region } : { command: source }, fail)
}

function fencedBlock(info, text, source, fail) {
  const [name, ...options] = info.split(/\s+/)
  if (options.includes("live")) {
    const words = [name, ...options.filter((option) => option !== "compact")].join(" ")
    if (!LIVE.includes(words) && !(name === "wat" && options.includes("broken"))) fail(`\`${info}\` is no live slide; there are: ${LIVE.join(", ")}`)
    return { kind: "live", name, options, text, source }
  }
  if (name === "chart") return { kind: "chart", name: options[0] ?? fail("which chart? ```chart NAME") }
  if (name === "qr") return { kind: "qr", text: text.trim() }
  return { kind: "code", info, text, source }
}
