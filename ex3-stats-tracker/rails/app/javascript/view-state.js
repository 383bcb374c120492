// The view of the page, as its address has it: which days, in which unit and scale, how lists are filtered and sorted.
//
// Links and controls change it. The charts follow at once; then the server's page of the new view replaces the lists, the
// tables and all links, and the address follows. Turbo Frames would not make this smaller: a link changes several parts of the
// page, and a frame is one; and the charts stay, which Turbo's page visits would redraw.

import { refresh } from "./refresh.js"

const DEFAULTS = JSON.parse(document.body.dataset.viewDefaults)

export class ViewState {
  /** The parameters as chosen, and those of the page that the server sent last. */
  #params = new URLSearchParams(location.search)
  #shown = new URLSearchParams(location.search)
  #onChange = []
  #onShown = []
  /** Whether a change that is not shown yet gets an entry of its own in the browser's history. */
  #pushes = false

  constructor() {
    // The back button.
    addEventListener("popstate", () => {
      const params = new URLSearchParams(location.search)
      if (String(params) !== String(this.#params)) this.#take(params, () => {})
    })
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-param], a[data-swap]")
      if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      this.set(this.#changesOf(link))
    })
  }

  /** The value of a parameter, or its default. */
  get(name) {
    return this.#params.get(name) ?? DEFAULTS[name]
  }

  /** Whether the address has the parameter. */
  has(name) {
    return this.#params.has(name)
  }

  /** Changes parameters; `null` removes one. `replace`: the change has no entry of its own in the browser's history. */
  set(changes, { replace = false } = {}) {
    const params = new URLSearchParams(this.#params)
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === DEFAULTS[name]) params.delete(name)
      else params.set(name, value)
    }
    if (String(params) === String(this.#params)) return
    this.#pushes ||= !replace
    this.#take(params, (url) => {
      history[this.#pushes ? "pushState" : "replaceState"](null, "", url)
      this.#pushes = false
    })
  }

  /** Calls `listener` with the names of the changed parameters. */
  onChange(listener) {
    this.#onChange.push(listener)
  }

  /** Calls `listener` when the server's page of the view has replaced the parts. It may return a promise. */
  onShown(listener) {
    this.#onShown.push(listener)
  }

  async #take(params, changeAddress) {
    const names = new Set([...this.#params.keys(), ...params.keys()])
    const changed = new Set([...names].filter((name) => this.#params.get(name) !== params.get(name)))
    this.#params = params
    document.body.setAttribute("aria-busy", "true")
    this.#onChange.forEach((listener) => listener(changed))
    const url = new URL(location)
    url.search = params
    if (!(await refresh(url))) return
    changeAddress(url)
    this.#shown = params
    await Promise.all(this.#onShown.map((listener) => listener()))
    if (this.#params === params) document.body.removeAttribute("aria-busy")
  }

  /** What a link changes of the page that it is on: another change may not be shown yet. */
  #changesOf(link) {
    const params = new URL(link.href).searchParams
    const names = new Set([...this.#shown.keys(), ...params.keys()])
    return Object.fromEntries([...names].filter((name) => this.#shown.get(name) !== params.get(name)).map((name) => [name, params.get(name)]))
  }
}
