// A package's page read with the browser's own parser:
//
//     node ex2-parser/hosts/javascript/chromium.mjs with_dom_parser.js PAGE…

function read(page) {
  const tree = new DOMParser().parseFromString(page, "text/html")
  const label = [...tree.querySelectorAll("span")].find((span) => span.textContent.trim() === "Total downloads")
  const bars = tree.querySelectorAll('[aria-label="Downloads for the last 30 days"] rect[data-merge-count]')
  return {
    total: number(label.nextElementSibling.getAttribute("title")),
    daily: [...bars].map(({ dataset }) => ({ date: dataset.date, count: number(dataset.mergeCount) })),
  }
}

function number(text) {
  if (!/^\d{1,15}$/.test(text)) throw new Error(`${text} is no number`)
  return Number(text)
}

for (const address of new URLSearchParams(location.search).getAll("page")) {
  const page = await (await fetch(address)).text()
  const clock = performance.now()
  const answer = JSON.stringify(read(page))
  console.info(`page ${performance.now() - clock}ms`)
  console.log(answer)
}
document.dispatchEvent(new CustomEvent("end", { detail: "" }))
