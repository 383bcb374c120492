// The common width of the vertical axes of a page's charts, so that the charts have the same edges.

export class AxisWidths {
  #widths = new Map()
  #listeners = []

  /** Calls `listener` when another chart needs a wider axis. */
  onChange(listener) {
    this.#listeners.push(listener)
  }

  /**
   * The width in CSS pixels. `width`: what `chart` needs. A width does not shrink while the chart is zoomed: its edges would
   * tremble.
   */
  of(chart, width) {
    const before = Math.max(0, ...this.#widths.values())
    this.#widths.set(chart, Math.max(width, this.#widths.get(chart) ?? 0))
    const widest = Math.max(...this.#widths.values())
    if (widest > before) requestAnimationFrame(() => this.#listeners.forEach((listener) => listener(widest)))
    return widest
  }
}
