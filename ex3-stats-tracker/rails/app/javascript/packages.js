// The table of packages: filters during typing, sorts without a page load, and keeps the selection for a comparison.

import { refresh } from "./refresh.js"

/** Milliseconds without a key press after which the filter is applied. */
const PAUSE = 150
/** The palette has eight series that can be told apart. */
const MAX_SERIES = 8

export function enhancePackages(section) {
  const filter = section.querySelector("[data-filter]")
  const compare = section.querySelector("[data-compare]")
  const chosen = new Set([...section.querySelectorAll("input[name='packages[]']:checked")].map(({ value }) => value))
  let timer

  async function show(url) {
    if (await refresh(url, "#packages [data-part]")) updateCheckboxes()
  }

  function updateCheckboxes() {
    for (const box of section.querySelectorAll("input[name='packages[]']")) {
      box.checked = chosen.has(box.value)
      box.disabled = !box.checked && chosen.size >= MAX_SERIES
    }
    compare.disabled = chosen.size === 0
    compare.textContent = chosen.size === 0 ? "Compare" : `Compare ${chosen.size}`
  }

  filter.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(() => show(addressOf(filter)), PAUSE)
  })
  filter.addEventListener("submit", (event) => {
    event.preventDefault()
    clearTimeout(timer)
    show(addressOf(filter))
  })
  section.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]")
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
    event.preventDefault()
    const { swap } = link.dataset
    // The replaced link had the keyboard focus.
    show(link.href).then(() => section.querySelector(`a[data-swap="${swap}"]`)?.focus())
  })
  section.addEventListener("change", ({ target }) => {
    if (target.name !== "packages[]") return
    if (target.checked) chosen.add(target.value)
    else chosen.delete(target.value)
    updateCheckboxes()
  })
  // The selection includes packages that the filter hides.
  compare.form.addEventListener("submit", (event) => {
    event.preventDefault()
    const url = new URL(compare.form.action)
    url.searchParams.set("packages", [...chosen].join(","))
    location.assign(url)
  })
  updateCheckboxes()
}

/** This page's URL with the form's filter. The form's own hidden fields may be out of date after a new sorting. */
function addressOf(form) {
  const url = new URL(location)
  url.searchParams.delete("page")
  url.searchParams.set("q", form.elements.q.value)
  return url
}
