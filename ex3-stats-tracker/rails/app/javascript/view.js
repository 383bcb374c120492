// The part of the time axis that a page shows. All charts of a page share one view, so that they zoom together.

/** Less than this can't be looked into: measurements are minutes apart. */
const SHORTEST = 600

export class View {
  #listeners = []
  #frame = null

  /** All in seconds since 1970. */
  constructor(first, last) {
    this.first = first
    this.last = Math.max(last, first + SHORTEST)
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

  /** Shows `min` to `max`, as far as there is something to show. */
  show(min, max) {
    const span = Math.min(Math.max(max - min, SHORTEST), this.last - this.first)
    const middle = (min + max) / 2
    this.min = Math.min(Math.max(span === max - min ? min : middle - span / 2, this.first), this.last - span)
    this.max = this.min + span
    // A wheel reports more often than a screen can be drawn.
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null
      this.#listeners.forEach((listener) => listener(this))
    })
  }

  showAll() {
    this.show(this.first, this.last)
  }

  /** The newest `seconds`. */
  showLatest(seconds) {
    this.show(this.last - seconds, this.last)
  }

  /** A factor below 1 shows less and thus more closely; what is at `around` stays where it is. */
  zoom(factor, around = (this.min + this.max) / 2) {
    this.show(around - (around - this.min) * factor, around + (this.max - around) * factor)
  }

  /** Moves by a share of what is shown; positive is later. */
  pan(share) {
    this.show(this.min + this.span * share, this.max + this.span * share)
  }
}
