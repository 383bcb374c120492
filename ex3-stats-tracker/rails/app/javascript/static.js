// The pages of a static export: there is no server that could answer for another view. The charts draw it from their files,
// and the tables stay as they are.

export const isStatic = document.documentElement.hasAttribute("data-static")

const DEFAULTS = JSON.parse(document.body.dataset.viewDefaults)

/** What the server's page at `url` would have: the links to other views, the chosen ones, and the charts' sources. */
export function showView({ searchParams }) {
  const value = (name) => searchParams.get(name) ?? DEFAULTS[name]
  for (const link of document.querySelectorAll("a[data-param]")) {
    const { param } = link.dataset
    const params = new URLSearchParams(searchParams)
    // Another range is shown as a whole, in the unit that fits it.
    if (param === "range") for (const name of ["unit", "from", "until"]) params.delete(name)
    params.set(param, link.dataset.value)
    link.search = params
    if (value(param) === undefined) continue
    if (link.dataset.value === value(param)) link.setAttribute("aria-current", "true")
    else link.removeAttribute("aria-current")
  }
  for (const element of document.querySelectorAll("[data-variants]")) {
    const source = JSON.parse(element.dataset.variants)[`${value("range")}/${value("group")}`]
    if (source) element.dataset.source = source
  }
  return true
}
