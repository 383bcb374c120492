// A package's page read with cheerio: node ex2-parser/hosts/javascript/with_cheerio.mjs PAGE…
import { readFileSync } from "node:fs"
import { load } from "cheerio"

function read(page) {
  const $ = load(page)
  const label = $("span").filter((_, span) => $(span).text().trim() === "Total downloads")
  const bars = $('[aria-label="Downloads for the last 30 days"] rect[data-merge-count]').toArray()
  return {
    total: number(label.next("h3").attr("title")),
    daily: bars.map(({ attribs }) => ({ date: attribs["data-date"], count: number(attribs["data-merge-count"]) })),
  }
}

function number(text) {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${text} is no number`)
  return Number(text)
}

for (const path of process.argv.slice(2)) {
  const page = readFileSync(path)
  const clock = performance.now()
  const answer = JSON.stringify(read(page))
  console.error(`page ${performance.now() - clock}ms`)
  console.log(answer)
}
