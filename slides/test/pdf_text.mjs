// Reads as much of a PDF as the tests ask for: its pages, what is shown on each, and its outline. Chromium writes plain
// objects, one after another, with their streams deflated.

import { inflateSync } from "node:zlib"

/** Returns `{pages: [{width, height, texts, pictures}], titles, tagged}`: `texts` counts the pieces of text of a page. */
export function readPdf(bytes) {
  const source = bytes.toString("latin1")
  const objects = new Map([...source.matchAll(/(?:^|\n)(\d+) 0 obj\n?([^]*?)\nendobj/g)].map(([, number, content]) => [Number(number), content]))
  const pages = [...objects.values()].filter((content) => /\/Type \/Page\b/.test(content)).map((content) => {
    const [, , width, height] = /\/MediaBox \[([^\]]+)\]/.exec(content)[1].trim().split(/\s+/).map(Number)
    const drawn = streamOf(objects.get(Number(/\/Contents (\d+) 0 R/.exec(content)[1])))
    return { width, height, texts: drawn.match(/\bT[jJ]\b/g)?.length ?? 0, pictures: drawn.match(/\bDo\b/g)?.length ?? 0 }
  })
  const titles = [...objects.values()].filter((content) => /\/Dest\b|\/A\b/.test(content)).flatMap((content) => textOf(/\/Title (\((?:\\[^]|[^\\)])*\)|<[^>]*>)/.exec(content)?.[1]) ?? [])
  return { pages, titles, tagged: /\/MarkInfo[^]{0,40}\/Marked true/.test(source) }
}

function streamOf(content) {
  const begin = content.indexOf("stream\n") + "stream\n".length
  const stream = Buffer.from(content.slice(begin, content.lastIndexOf("endstream")), "latin1")
  return /\/FlateDecode/.test(content.slice(0, begin)) ? inflateSync(stream).toString("latin1") : stream.toString("latin1")
}

/** A text of a PDF: in parentheses or in hexadecimal digits, in UTF-16 after its mark. */
function textOf(text) {
  if (text === undefined) return undefined
  const raw = text.startsWith("<") ? Buffer.from(text.slice(1, -1), "hex") : Buffer.from(text.slice(1, -1).replace(/\\(\d{3}|[^])/g, (_, one) => (/^\d/.test(one) ? String.fromCharCode(parseInt(one, 8)) : one)), "latin1")
  return raw[0] === 0xfe && raw[1] === 0xff ? raw.subarray(2).swap16().toString("utf16le") : raw.toString("latin1")
}
