// The table of packages: filters during typing, and keeps the selection for a comparison.

/** Milliseconds without a key press after which the filter is applied. */
const PAUSE = 150
/** The palette has eight series that can be told apart. */
const MAX_SERIES = 8

/** `state`: the page's ViewState. */
export function enhancePackages(section, state) {
  const filter = section.querySelector("[data-filter]")
  const compare = section.querySelector("[data-compare]")
  const chosen = new Set([...section.querySelectorAll("input[name='packages[]']:checked")].map(({ value }) => value))
  let timer
  let isTyping = false

  function updateCheckboxes() {
    for (const box of section.querySelectorAll("input[name='packages[]']")) {
      box.checked = chosen.has(box.value)
      box.disabled = !box.checked && chosen.size >= MAX_SERIES
    }
    compare.disabled = chosen.size === 0
    compare.dataset.chosen = chosen.size
    compare.textContent = chosen.size === 0 ? "Compare" : `Compare ${chosen.size}`
  }

  // All that is typed at a time is one step of the browser's history.
  function apply() {
    clearTimeout(timer)
    state.set({ q: filter.elements.q.value.trim() || null, page: null }, { replace: isTyping })
    isTyping = true
  }

  filter.addEventListener("input", () => {
    clearTimeout(timer)
    timer = setTimeout(apply, PAUSE)
  })
  filter.addEventListener("focusout", () => (isTyping = false))
  filter.addEventListener("submit", (event) => {
    event.preventDefault()
    apply()
  })
  state.onChange((changed) => {
    const { q } = filter.elements
    if (changed.has("q") && q.value.trim() !== (state.get("q") ?? "")) q.value = state.get("q") ?? ""
  })
  state.onShown(updateCheckboxes)
  section.addEventListener("change", ({ target }) => {
    if (target.name !== "packages[]") return
    if (target.checked) chosen.add(target.value)
    else chosen.delete(target.value)
    updateCheckboxes()
  })
  // The selection includes packages that the filter hides.
  section.addEventListener("submit", (event) => {
    if (event.target.id !== "compare") return
    event.preventDefault()
    const url = new URL(event.target.action)
    for (const { name, value } of event.target.querySelectorAll("input[type=hidden]")) url.searchParams.set(name, value)
    url.searchParams.set("packages", [...chosen].join(","))
    location.assign(url)
  })
  updateCheckboxes()
}
