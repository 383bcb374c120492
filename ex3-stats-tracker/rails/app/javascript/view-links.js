// Links to the data and the pictures of what is shown. The shown range changes without a page load.

const VIEW = ["range", "from", "until", "scale"]

/** Gives the link the page's view when it is followed. */
export function keepView(link) {
  const own = VIEW.filter((name) => new URL(link.href).searchParams.has(name))
  const update = () => {
    const url = new URL(link.href)
    const shown = new URL(location).searchParams
    const days = ["range", "from", "until"]
    if (days.some((name) => shown.has(name))) days.forEach((name) => url.searchParams.delete(name))
    for (const name of VIEW) {
      if (shown.has(name) && (own.includes(name) || days.includes(name))) url.searchParams.set(name, shown.get(name))
    }
    link.href = url
  }
  // Before a click, a middle click, the context menu and the keyboard's.
  for (const event of ["pointerdown", "focus", "click"]) link.addEventListener(event, update)
}
