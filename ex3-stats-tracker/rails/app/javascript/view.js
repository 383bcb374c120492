// The visible part of the time axis. All charts with the same time axis share one view, so that they zoom together, and have
// the same edges and the same cursor.

import { AxisWidths } from "./axis-widths.js"

/** Seconds. The figures are those of days, and so is the address. */
const MIN_SPAN = 86_400

export class View {
  #listeners = []
  #cursorListeners = []
  #frame = null
  #moment = null

  /** Times are in seconds since 1970. `axisWidths`: shared with the views of other time axes of the page. */
  constructor(first, last, axisWidths = new AxisWidths()) {
    this.axisWidths = axisWidths
    this.first = first
    this.last = Math.max(last, first + MIN_SPAN)
    this.min = this.first
    this.max = this.last
  }

  get span() {
    return this.max - this.min
  }

  get isWhole() {
    return this.min <= this.first && this.max >= this.last
  }

  onChange(listener) {
    this.#listeners.push(listener)
  }

  /** Calls `listener` with the cursor's time, or with `null`. */
  onCursor(listener) {
    this.#cursorListeners.push(listener)
  }

  /** Moves the cursor of all charts. */
  point(moment) {
    if (moment === this.#moment) return
    this.#moment = moment
    this.#cursorListeners.forEach((listener) => listener(moment))
  }

  /** `min` to `max`, limited to the whole time axis. */
  limited(min, max) {
    const span = Math.min(Math.max(max - min, MIN_SPAN), this.last - this.first)
    const middle = (min + max) / 2
    const from = Math.min(Math.max(span === max - min ? min : middle - span / 2, this.first), this.last - span)
    return { min: from, max: from + span }
  }

  /** Shows `min` to `max`. */
  show(min, max) {
    Object.assign(this, this.limited(min, max))
    // A wheel sends more events than the screen shows frames: one redraw for each frame.
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null
      this.#listeners.forEach((listener) => listener(this))
    })
  }

  showAll() {
    this.show(this.first, this.last)
  }

  /** A factor below 1 zooms in. The point at `around` stays in its place. */
  zoom(factor, around = (this.min + this.max) / 2) {
    this.show(around - (around - this.min) * factor, around + (this.max - around) * factor)
  }

  /** Moves by a share of the visible span; positive is later. */
  pan(share) {
    this.show(this.min + this.span * share, this.max + this.span * share)
  }
}
