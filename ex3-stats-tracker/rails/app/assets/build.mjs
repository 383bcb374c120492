// Bundles the scripts and styles into public/assets. Their names have a hash of their content, so that browsers may cache
// them forever; manifest.json maps the plain names to these. Run it with: npm run build

import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { fileURLToPath } from "node:url"
import esbuild from "esbuild"

const root = fileURLToPath(new URL("../..", import.meta.url))
const assets = join(root, "public/assets")

const { outputFiles, metafile } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["app/javascript/application.js", "app/assets/stylesheets/application.css"],
  outdir: "public/assets",
  entryNames: "[name]-[hash]",
  bundle: true,
  format: "esm",
  target: ["es2022"],
  minify: true,
  metafile: true,
  write: false,
  legalComments: "eof",
  logLevel: "warning",
})

const manifest = {}
for (const [file, { entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint) manifest[basename(entryPoint)] = basename(file)
}

await mkdir(assets, { recursive: true })
// A complete file is left alone: another program may be reading it.
for (const { path, contents } of outputFiles) {
  const existing = await readFile(path).catch(() => null)
  if (!existing?.equals(contents)) await writeFile(path, contents)
}
// The manifest is written last, by a rename: a running server never reads the name of a missing file.
await writeFile(join(assets, "manifest.json.new"), `${JSON.stringify(manifest, null, 2)}\n`)
await rename(join(assets, "manifest.json.new"), join(assets, "manifest.json"))

const kept = new Set([...Object.values(manifest), "manifest.json"])
for (const file of await readdir(assets)) if (!kept.has(file)) await rm(join(assets, file), { force: true })

for (const { path, contents } of outputFiles) {
  console.error(`public/assets/${basename(path)}: ${(contents.length / 1024).toFixed(1)} KB`)
}
