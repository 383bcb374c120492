// Updates relative times ("12 minutes ago") while a page is open.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]]
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "always" })

/** The words for a time so many seconds ago. A clock that is a little ahead does not make it a time to come. */
export function ago(seconds) {
  const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? []
  return unit ? WORDS.format(-Math.floor(seconds / length), unit) : "just now"
}

export function updateRelativeTimes() {
  // The server's clock counts: this computer's may be wrong. Only the time since the page was loaded is measured here.
  const served = Number(document.body.dataset.now) * 1000
  const loaded = Date.now()
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      element.textContent = ago((served + Date.now() - loaded - Date.parse(element.dateTime)) / 1000)
    }
  }, 30_000)
}
