// Zooming and panning by wheel, touch and keyboard. uPlot itself handles a selection by mouse.

const ZOOM_STEP = 0.7
const PAN_STEP = 0.2
/** CSS pixels that an arrow key moves the cursor at least, also where points are closer. */
const CURSOR_STEP = 2
/** Steps of an arrow key with Shift. */
const SHIFT_STEPS = 10

export function listen(chart) {
  chart.place.addEventListener("wheel", (event) => wheel(chart, event), { passive: false })
  chart.place.addEventListener("keydown", (event) => key(chart, event))
  listenToTouch(chart)
}

/** The wheel alone scrolls the page. With Ctrl or Cmd it zooms; browsers report a pinch on a touchpad as Ctrl and wheel. */
function wheel({ plot, view }, event) {
  if (event.ctrlKey || event.metaKey) {
    event.preventDefault()
    const left = event.clientX - plot.rect.left
    view.zoom(Math.exp(Math.max(-1, Math.min(1, event.deltaY * 0.01))), plot.posToVal(left, "x"))
  } else if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) {
    event.preventDefault()
    view.pan((event.deltaX || event.deltaY) / plot.over.clientWidth)
  }
}

function key(chart, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return
  const { view } = chart
  const actions = {
    ArrowLeft: () => step(chart, event.shiftKey ? -SHIFT_STEPS : -1),
    ArrowRight: () => step(chart, event.shiftKey ? SHIFT_STEPS : 1),
    Home: () => chart.moveCursor(chart.data[0][after(chart.data[0], view.min)] ?? view.min, { announce: true }),
    End: () => chart.moveCursor(chart.data[0][before(chart.data[0], view.max)] ?? view.max, { announce: true }),
    PageUp: () => view.pan(-PAN_STEP),
    PageDown: () => view.pan(PAN_STEP),
    "+": () => view.zoom(ZOOM_STEP, chart.cursor ?? undefined),
    "=": () => view.zoom(ZOOM_STEP, chart.cursor ?? undefined),
    "-": () => view.zoom(1 / ZOOM_STEP, chart.cursor ?? undefined),
    0: () => view.showAll(),
    Escape: () => view.showAll(),
  }
  const action = actions[event.key]
  if (!action) return
  event.preventDefault()
  action()
}

/** Moves the cursor from point to point. A gap between two points counts as one, so that screen readers read it. */
function step(chart, steps) {
  const { plot, view, data } = chart
  const axis = data[0]
  const direction = Math.sign(steps)
  const least = (CURSOR_STEP * view.span) / plot.over.clientWidth
  let moment = chart.cursor ?? view.max
  for (let count = Math.abs(steps); count > 0; count--) {
    const next = axis[direction < 0 ? before(axis, moment) : after(axis, moment)]
    if (next === undefined) break
    const isBetween = ({ from, to }) => (direction < 0 ? moment >= to && next <= from : moment <= from && next >= to)
    const gap = chart.series.length === 1 && chart.series[0].gaps.find(isBetween)
    const target = gap ? (gap.from + gap.to) / 2 : next
    moment = direction * (target - moment) < least ? moment + direction * least : target
  }
  if (moment < view.min || moment > view.max) view.show(moment - view.span / 2, moment + view.span / 2)
  chart.moveCursor(moment, { announce: true })
}

/** The index of the last point before `moment`, and of the first point after it. */
const before = (axis, moment) => firstFrom(axis, moment) - 1
const after = (axis, moment) => firstFrom(axis, moment) + (axis[firstFrom(axis, moment)] === moment ? 1 : 0)

/** The index of the first point at `moment` or later. */
function firstFrom(axis, moment) {
  let low = 0
  let high = axis.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (axis[middle] < moment) low = middle + 1
    else high = middle
  }
  return low
}

/** One finger moves the cursor, two fingers zoom and pan. Vertical movements scroll the page. */
function listenToTouch(chart) {
  const { place, view } = chart
  const fingers = new Map()
  const left = (event) => event.clientX - chart.plot.over.getBoundingClientRect().left
  place.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch") fingers.set(event.pointerId, left(event))
  })
  place.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) return
    const before = [...fingers.values()]
    fingers.set(event.pointerId, left(event))
    const after = [...fingers.values()]
    const width = chart.plot.over.clientWidth
    if (fingers.size === 1) {
      chart.moveCursor(view.min + (Math.min(Math.max(after[0], 0), width) / width) * view.span)
    } else if (fingers.size === 2) {
      const apart = (positions) => Math.max(Math.abs(positions[0] - positions[1]), 1)
      const middle = (positions) => (positions[0] + positions[1]) / 2
      view.zoom(apart(before) / apart(after), view.min + (middle(after) / width) * view.span)
      view.pan((middle(before) - middle(after)) / width)
    }
  })
  for (const end of ["pointerup", "pointercancel", "pointerleave"]) {
    place.addEventListener(end, (event) => fingers.delete(event.pointerId))
  }
}
