// Measuring with a browser's clock, which is coarse on purpose.

/** The smallest step of the clock, in milliseconds. */
export function resolution() {
  let least = Infinity
  const end = performance.now() + 50
  for (let ticks = 0; ticks < 20; ticks++) {
    const before = performance.now()
    let after = before
    while (after === before) after = performance.now()
    least = Math.min(least, after - before)
    if (after > end) break
  }
  return least
}

/** A time as people read it: two significant digits and a unit that fits; less than a step of the clock is said so. */
export function duration(milliseconds, step = 0) {
  if (milliseconds < step) return `less than ${duration(step)}`
  const [unit, size] = [["s", 1e3], ["ms", 1], ["µs", 1e-3], ["ns", 1e-6]].find(([, size]) => milliseconds >= size * 0.995) ?? ["ns", 1e-6]
  const value = milliseconds / size
  return `${value >= 100 ? Math.round(value) : Number(value.toPrecision(2))} ${unit}`
}

/** The estimate that the repository's records show: of an odd or even number of values, the middle. */
export function median(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/**
 * The median with an interval that holds the true one with a probability of 95 %: two of the sorted values, by their
 * ranks. It needs no assumption about how the values are spread.
 */
export function interval(values) {
  const sorted = [...values].sort((left, right) => left - right)
  const half = 1.96 * Math.sqrt(sorted.length) / 2
  const at = (rank) => sorted[Math.min(Math.max(rank, 0), sorted.length - 1)]
  const estimate = median(sorted)
  return { estimate, lower: at(Math.floor(sorted.length / 2 - half)), upper: at(Math.ceil(sorted.length / 2 + half)) }
}

/**
 * Calls `work` until it is warm, and then measures it: the milliseconds of one call, as many values as asked for. Each
 * value is the mean of as many calls as take `steps` of the clock's steps, so that the clock's coarseness is at most one
 * in `steps`. `pause` runs between two values.
 */
export async function measure(work, { samples = 31, warmUp = 300, steps = 100, pause = async () => {} } = {}) {
  let calls = 0
  let elapsed = 0
  for (const begin = performance.now(); elapsed < warmUp; elapsed = performance.now() - begin) {
    work()
    // Browsers draw between two values, and not between two calls.
    if (++calls % 64 === 0) await pause()
  }
  const batch = Math.max(1, Math.ceil((steps * resolution()) / (elapsed / calls)))
  const values = []
  for (let sample = 0; sample < samples; sample++) {
    await pause()
    const begin = performance.now()
    for (let call = 0; call < batch; call++) work()
    values.push((performance.now() - begin) / batch)
  }
  return values
}
