// Text as large as its slide has space for: the last row is far away.

const LARGEST = 1.4
const STEP = 0.05

/** Sets the text of a slide that is on the screen. A slide that runs keeps its space for the answers. */
export function fit(section) {
  if (!section || section.querySelector(".live")) return
  const lines = () => [...section.querySelectorAll("pre, td, th, h2")].map((element) => Math.round(element.getBoundingClientRect().height / parseFloat(getComputedStyle(element).lineHeight)))
  const set = (zoom) => section.style.setProperty("--zoom", zoom)
  set(1)
  const before = lines()
  for (let zoom = LARGEST; zoom > 1; zoom -= STEP) {
    set(zoom.toFixed(2))
    // A line of code or a cell of a table that breaks is worse to read than a smaller one.
    if (fits(section) && lines().every((count, index) => count <= before[index])) return
  }
  set(1)
}

/** Whether everything is within the slide, with its lower edge left to the number in the corner. */
function fits(section) {
  const bottom = section.getBoundingClientRect().bottom - parseFloat(getComputedStyle(section).paddingBottom) * scaleOf(section)
  const inside = [...section.children].every((child) => child.getBoundingClientRect().bottom <= bottom + 1)
  return inside && section.scrollHeight <= section.clientHeight && section.scrollWidth <= section.clientWidth
}

/** Pixels of the screen for each pixel of the slide. */
const scaleOf = (section) => section.getBoundingClientRect().height / section.offsetHeight
