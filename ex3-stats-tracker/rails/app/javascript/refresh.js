// Replaces parts of a page by the same parts of the server's page at another URL.

let newest = 0

/**
 * Replaces the elements that match `selector` by those with the same id, and makes `url` the page's URL. After an error
 * the browser loads `url` itself. Returns `false` if a newer request was made meanwhile: then nothing is replaced.
 */
export async function refresh(url, selector) {
  const request = ++newest
  let page
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    page = new DOMParser().parseFromString(await response.text(), "text/html")
  } catch {
    if (request === newest) location.assign(url)
    return false
  }
  if (request !== newest) return false
  for (const element of document.querySelectorAll(selector)) {
    const replacement = page.getElementById(element.id)
    if (!replacement) continue
    const open = [element, ...element.querySelectorAll("details[id]")].filter((one) => one.open)
    element.replaceWith(replacement)
    for (const { id } of open) document.getElementById(id)?.toggleAttribute("open", true)
  }
  history.replaceState(null, "", url)
  return true
}
