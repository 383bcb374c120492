// Parts of a page replaced by the same parts of the page at another address, which the server makes as it makes all.

let newest = 0

/**
 * Replaces the elements that `selector` finds and that have an id, and makes `url` the page's address. Where that does
 * not work, the browser goes there the plain way. Returns whether this was still the newest wish when it was answered.
 */
export async function refresh(url, selector) {
  const wish = ++newest
  let page
  try {
    const response = await fetch(url, { headers: { Accept: "text/html" } })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    page = new DOMParser().parseFromString(await response.text(), "text/html")
  } catch {
    if (wish === newest) location.assign(url)
    return false
  }
  if (wish !== newest) return false
  for (const element of document.querySelectorAll(selector)) {
    const replacement = page.getElementById(element.id)
    if (!replacement) continue
    const wasOpen = element instanceof HTMLDetailsElement && element.open
    element.replaceWith(replacement)
    if (wasOpen) replacement.open = true
  }
  history.replaceState(null, "", url)
  return true
}
