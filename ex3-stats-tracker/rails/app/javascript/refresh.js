// Replaces parts of a page by the same parts of the server's page at another URL.

import { isStatic, showView } from "./static.js"

let newest = 0

/**
 * Replaces the elements with `data-part` by those with the same id. After an error the browser loads `url` itself. Returns
 * `false` if a newer request was made meanwhile: then nothing is replaced.
 */
export async function refresh(url) {
  if (isStatic) return showView(url)
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
  const focused = selectorOf(document.activeElement)
  for (const element of document.querySelectorAll("[data-part]")) {
    const replacement = page.getElementById(element.id)
    if (!replacement || replacement.isEqualNode(element)) continue
    const open = [element, ...element.querySelectorAll("details[id]")].filter((one) => one.open)
    element.replaceWith(replacement)
    for (const { id } of open) document.getElementById(id)?.toggleAttribute("open", true)
  }
  // The replaced control may have had the keyboard focus.
  if (focused && document.activeElement === document.body) document.querySelector(focused)?.focus({ preventScroll: true })
  return true
}

/** A selector that finds the same control in another page. */
function selectorOf(element) {
  const { param, value, swap } = element.dataset
  if (param) return `a[data-param="${param}"][data-value="${value}"]`
  if (swap) return `#${element.closest("[data-part]").id} a[data-swap="${swap}"]`
  return element.id ? `#${CSS.escape(element.id)}` : null
}
