// Builds the talk: deck.md and the assets become a folder to serve and one file to carry.
//
//     node build.mjs --assets DIR --output DIR
//
// `cargo xtask slides --prepare DIR` makes the assets; its output is
//
//     index.html, app.js, app.css, fonts    for serve.mjs
//     talk.html                             the same in one file, which also runs from a USB stick

import { createHash } from "node:crypto"
import { readFileSync } from "node:fs"
import { mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { basename, dirname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import esbuild from "esbuild"
import { BAD_DATA, Failure, NO_INPUT, run } from "./src/command_line.mjs"
import { parseDeck } from "./src/deck.mjs"
import { policy } from "./src/policy.mjs"
import { renderSlides } from "./src/render.mjs"

const here = dirname(fileURLToPath(import.meta.url))
const require = createRequire(import.meta.url)

/** The minutes of the whole talk, which the minutes of its slides have to add up to. */
export const MINUTES = 28

const HELP = `Builds the slides.

Usage: node build.mjs --assets DIR --output DIR [--deck FILE]

  --assets DIR    what \`cargo xtask slides --prepare DIR\` has made
  --output DIR    where index.html and talk.html are written
  --deck FILE     another deck than deck.md`

/** The fonts, by family and weight. Every character of the slides has to be in them, which a test checks. */
const FONTS = [
  ["Inter", 400, "inter"], ["Inter", 600, "inter"], ["Inter", 800, "inter"],
  ["JetBrains Mono", 400, "jetbrains-mono"], ["JetBrains Mono", 700, "jetbrains-mono"],
]

const ASSETS = { qr: "qr.svg", hello: "hello.wat", parser: "parser.wasm", page: "page.html", record: "record.json", matrix: "matrix.json" }

export async function build({ assets: directory, output, deck = join(here, "deck.md") }) {
  const assets = await readAssets(resolve(directory))
  const slides = parseDeck(await read(resolve(deck), "utf8"))
  const minutes = slides.reduce((sum, slide) => sum + slide.minutes, 0)
  if (minutes !== MINUTES) throw new Failure(BAD_DATA, `deck.md: the minutes of its slides add up to ${minutes}, and the talk has ${MINUTES}`)

  const pictures = new Map()
  const picture = (path) => {
    pictures.set(basename(path), readPicture(resolve(dirname(deck), path)))
    return basename(path)
  }
  const sections = renderSlides(slides, { matrix: assets.matrix, qr: assets.qr }, picture)
  const [script, style, fonts] = await Promise.all([bundleScript(assets), bundleStyle(), readFonts()])

  await rm(output, { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  const write = (name, content) => writeFile(join(output, name), content)
  await write("app.js", script)
  await write("app.css", fontFaces(fonts, ({ name }) => name) + style)
  for (const { name, bytes } of fonts) await write(name, bytes)
  for (const [name, bytes] of pictures) await write(name, bytes)
  await write("index.html", page(sections, {
    head: `<meta name="tracker" content="">\n<link rel="stylesheet" href="app.css">`,
    end: `<script src="app.js"></script>`,
  }))

  let inlined = sections
  for (const [name, bytes] of pictures) inlined = inlined.replaceAll(`src="${name}"`, `src="${dataAddress("image/png", bytes)}"`)
  const hash = `sha256-${createHash("sha256").update(script).digest("base64")}`
  await write("talk.html", page(inlined, {
    head: `<meta http-equiv="Content-Security-Policy" content="${policy({ script: `'${hash}'`, own: "data:", frames: "'self' file:" })}">\n` +
      `<style>${fontFaces(fonts, ({ bytes }) => dataAddress("font/woff2", bytes))}${style}</style>`,
    end: `<script>${script}</script>`,
  }))
  return { slides: slides.length, minutes }
}

async function readAssets(directory) {
  const assets = {}
  for (const [key, name] of Object.entries(ASSETS)) {
    const text = /\.(wat|html|json|svg)$/.test(name)
    assets[key] = await read(join(directory, name), text ? "utf8" : undefined)
    if (!name.endsWith(".json")) continue
    try {
      assets[key] = JSON.parse(assets[key])
    } catch (error) {
      throw new Failure(BAD_DATA, `${join(directory, name)} is no JSON: ${error.message}`)
    }
  }
  if (!assets.qr.includes("<svg")) throw new Failure(BAD_DATA, `${join(directory, ASSETS.qr)} is no SVG`)
  assets.qr = assets.qr.slice(assets.qr.indexOf("<svg"))
  return assets
}

function readPicture(path) {
  if (!path.endsWith(".png")) throw new Failure(BAD_DATA, `the picture ${path} is no PNG`)
  try {
    return readFileSync(path)
  } catch (error) {
    throw new Failure(NO_INPUT, `the picture ${path} can't be read (${error.code})`)
  }
}

async function read(path, encoding) {
  try {
    return await readFile(path, encoding)
  } catch (error) {
    throw new Failure(NO_INPUT, `${path} can't be read (${error.code}); \`cargo xtask slides --prepare DIR\` makes the assets`)
  }
}

/**
 * The script of the slides, as one classic script: `file://` refuses modules. It contains the assets, since `file://`
 * refuses to fetch them, and the worker's source, for the same reason.
 */
async function bundleScript({ hello, parser, page, matrix }) {
  const options = { bundle: true, write: false, format: "iife", minify: true, target: "es2022", charset: "utf8", legalComments: "none", logLevel: "warning", absWorkingDir: here }
  const worker = await esbuild.build({ ...options, entryPoints: ["app/worker.js"] })
  const contents = {
    "assets:hello.wat": { contents: hello, loader: "text" },
    "assets:parser.wasm": { contents: parser, loader: "binary" },
    "assets:page.html": { contents: page, loader: "text" },
    "assets:matrix.json": { contents: JSON.stringify(matrix), loader: "json" },
    "assets:worker.js": { contents: worker.outputFiles[0].text, loader: "text" },
  }
  const plugin = {
    name: "assets",
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^assets:/ }, ({ path }) => ({ path, namespace: "assets" }))
      onLoad({ filter: /.*/, namespace: "assets" }, ({ path }) => contents[path])
    },
  }
  const built = await esbuild.build({ ...options, entryPoints: ["app/main.js"], plugins: [plugin] })
  return built.outputFiles[0].text
}

async function bundleStyle() {
  const options = { bundle: true, write: false, minify: true, charset: "utf8", logLevel: "warning", absWorkingDir: here }
  const built = await esbuild.build({ ...options, entryPoints: ["app/style.css"] })
  return built.outputFiles[0].text
}

async function readFonts() {
  return Promise.all(FONTS.map(async ([family, weight, directory]) => {
    const name = `${directory}-latin-${weight}-normal.woff2`
    const root = dirname(require.resolve(`@fontsource/${directory}/package.json`))
    return { family, weight, name, bytes: await readFile(join(root, "files", name)) }
  }))
}

const fontFaces = (fonts, address) => fonts.map((font) =>
  `@font-face{font-family:"${font.family}";font-weight:${font.weight};font-display:block;src:url("${address(font)}") format("woff2")}`).join("")

const dataAddress = (type, bytes) => `data:${type};base64,${Buffer.from(bytes).toString("base64")}`

const page = (sections, { head, end }) => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Wasm on the server, measured</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
<main>
<div class="reveal">
<div class="slides">
${sections}
</div>
</div>
</main>
${end}
</body>
</html>
`

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = { assets: { type: "string" }, output: { type: "string" }, deck: { type: "string" } }
  await run(HELP, options, ["assets", "output"], async (values) => {
    const { slides, minutes } = await build(values)
    console.error(`${slides} slides, ${minutes} minutes: ${join(values.output, "index.html")} and talk.html`)
  })
}
