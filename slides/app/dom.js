// Small helpers to build elements. Texts are set as text: nothing from a page or from an error becomes markup.

/** `element("p.note", {title: "…"}, "text", child)` */
export function element(selector, attributes = {}, ...children) {
  const [name, ...classes] = selector.split(".")
  const made = document.createElement(name)
  if (classes.length) made.className = classes.join(" ")
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") made.addEventListener(key, value)
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value)
  }
  made.append(...children)
  return made
}

/** A table of two columns: what was measured, and its time. */
export function timesTable(rows) {
  return element("table.times", {}, element("tbody", {}, ...rows.map(([label, ...cells]) =>
    element("tr", {}, element("th", { scope: "row" }, label), ...cells.map((cell) => element("td", {}, cell))))))
}

/** Lets the browser draw, so that a long measurement does not look like a hang. */
export const frame = () => new Promise((resolve) => setTimeout(resolve))
