// Serves the built slides on this machine.
//
//     node serve.mjs --directory DIR [--port N] [--tracker URL]
//
// Prints its URL, and ends on Ctrl-C or SIGTERM. Only programs of this machine can connect.

import { readFile, readdir, stat } from "node:fs/promises"
import { createServer } from "node:http"
import { extname, join, resolve } from "node:path"
import { fileURLToPath } from "node:url"
import { Failure, NO_INPUT, UNAVAILABLE, USAGE, run } from "./src/command_line.mjs"
import { policy } from "./src/policy.mjs"

const HELP = `Serves the slides on this machine.

Usage: node serve.mjs --directory DIR [--port N] [--tracker URL]

  --directory DIR  what build.mjs has written
  --port N         the port on 127.0.0.1; by default a free one
  --tracker URL    the page of the tracker that the slides show in a frame`

const TYPES = {
  ".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8",
  ".woff2": "font/woff2", ".png": "image/png", ".pdf": "application/pdf",
}

/** The tracker is on this machine, so it answers at once or not at all. */
const TRACKER_TIMEOUT_MS = 2_000

/** Starts the server. Returns `{url, close}`. */
export async function serve({ directory, port = 0, tracker }) {
  const files = await readFiles(resolve(directory))
  const address = tracker === undefined ? undefined : trackerAddress(tracker)
  const csp = `${policy({ script: "'self'", own: "'self'", frames: address ? `'self' ${address.origin}` : "'self'", connect: "'self'" })}; frame-ancestors 'self'`
  if (address) {
    const html = files.get("index.html").toString().replace('<meta name="tracker" content="">', `<meta name="tracker" content="${address.href.replaceAll("&", "&amp;").replaceAll('"', "&quot;")}">`)
    files.set("index.html", Buffer.from(html))
  }
  const headers = {
    "Content-Security-Policy": csp,
    // With these two the clock of the slides has steps of microseconds instead of tenths of a millisecond.
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
  }
  const server = createServer(async (request, response) => {
    const answer = (status, body = "", more = {}) => {
      response.writeHead(status, { ...headers, "Content-Type": "text/plain; charset=utf-8", ...more })
      response.end(request.method === "HEAD" ? undefined : body)
    }
    if (!isLocal(request.headers.host)) return answer(421, "these slides are served to this machine only\n")
    if (!["GET", "HEAD"].includes(request.method)) return answer(405, "", { Allow: "GET, HEAD" })
    const path = request.url.split("?")[0]
    if (path === "/tracker") return answer(200, address && (await isUp(address)) ? "up" : "down")
    const name = path === "/" ? "index.html" : path.slice(1)
    const content = files.get(name)
    if (content === undefined) return answer(404, "there is no such file\n")
    // talk.html has a policy of its own, for a browser that opens it as a file.
    const { "Content-Security-Policy": _, ...others } = headers
    response.writeHead(200, { ...(name === "talk.html" ? others : headers), "Content-Type": TYPES[extname(name)] ?? "application/octet-stream", "Content-Length": content.length })
    response.end(request.method === "HEAD" ? undefined : content)
  })
  await new Promise((done, fail) => {
    server.on("error", (error) => fail(new Failure(UNAVAILABLE, `127.0.0.1:${port} can't be listened on: ${error.code === "EADDRINUSE" ? "another program does; --port names another one" : error.message}`)))
    server.listen(port, "127.0.0.1", done)
  })
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((done) => {
      server.close(done)
      server.closeAllConnections()
    }),
  }
}

/** All files of the folder, by name: what is not in this list can't be asked for. */
async function readFiles(directory) {
  try {
    const names = await readdir(directory)
    const files = new Map()
    for (const name of names) {
      const path = join(directory, name)
      if ((await stat(path)).isFile()) files.set(name, await readFile(path))
    }
    if (!files.has("index.html")) throw new Failure(NO_INPUT, `${directory} has no index.html; build.mjs writes it`)
    return files
  } catch (error) {
    if (error instanceof Failure) throw error
    throw new Failure(NO_INPUT, `${directory} can't be read (${error.code}); build.mjs writes it`)
  }
}

function trackerAddress(text) {
  let address
  try {
    address = new URL(text)
  } catch {
    throw new Failure(USAGE, `--tracker ${text} is no URL`)
  }
  if (!/^https?:$/.test(address.protocol) || !isLocal(address.host)) throw new Failure(USAGE, `--tracker ${text} is not on this machine: no request leaves it`)
  return address
}

/** Whether a host is this machine. A page of another site can't reach the slides by a name that it points here. */
function isLocal(host = "") {
  return /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(host)
}

async function isUp(address) {
  try {
    const response = await fetch(address, { redirect: "manual", signal: AbortSignal.timeout(TRACKER_TIMEOUT_MS) })
    await response.body?.cancel()
    return response.status < 500
  } catch {
    return false
  }
}

function portNumber(text) {
  if (text === undefined) return 0
  const port = Number(text)
  if (!Number.isInteger(port) || port < 1 || port > 65_535) throw new Failure(USAGE, `--port ${text} is no port: a number from 1 to 65535`)
  return port
}

if (process.argv[1] && resolve(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const options = { directory: { type: "string" }, port: { type: "string" }, tracker: { type: "string" } }
  await run(HELP, options, ["directory"], async ({ directory, port, tracker }) => {
    const { url, close } = await serve({ directory, port: portNumber(port), tracker })
    console.log(url)
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.once(signal, close)
  })
}
