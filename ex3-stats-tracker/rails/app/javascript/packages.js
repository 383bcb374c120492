// The table of packages: filters while one types, sorts without a new page, remembers what was chosen to compare.

import { refresh } from "./refresh.js"

/** So many milliseconds without a key mean that one has typed. */
const PAUSE = 150
/** As many series as can be told apart in one chart. */
const MOST = 8

export function enhancePackages(section) {
  const filter = section.querySelector("[data-filter]")
  const compare = section.querySelector("[data-compare]")
  const chosen = new Set([...section.querySelectorAll("input[name='packages[]']:checked")].map(({ value }) => value))
  let timer

  async function show(url) {
    if (await refresh(url, "#packages [data-part]")) tick()
  }

  function tick() {
    for (const box of section.querySelectorAll("input[name='packages[]']")) {
      box.checked = chosen.has(box.value)
      box.disabled = !box.checked && chosen.size >= MOST
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
    // Where one was, one goes on from.
    show(link.href).then(() => section.querySelector(`a[data-swap="${swap}"]`)?.focus())
  })
  section.addEventListener("change", ({ target }) => {
    if (target.name !== "packages[]") return
    if (target.checked) chosen.add(target.value)
    else chosen.delete(target.value)
    tick()
  })
  // Also what the filter hides at the moment.
  compare.form.addEventListener("submit", (event) => {
    event.preventDefault()
    const url = new URL(compare.form.action)
    url.searchParams.set("packages", [...chosen].join(","))
    location.assign(url)
  })
  tick()
}

/** This page's address with what the form asks for: how it is sorted may have changed since the form was made. */
function addressOf(form) {
  const url = new URL(location)
  url.searchParams.delete("page")
  url.searchParams.set("q", form.elements.q.value)
  return url
}
