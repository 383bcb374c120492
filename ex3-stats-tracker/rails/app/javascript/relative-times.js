// Updates relative times ("12 minutes ago") while a page is open.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]]
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "always" })

export function updateRelativeTimes() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000
      const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? UNITS.at(-1)
      element.textContent = WORDS.format(-Math.floor(seconds / length), unit)
    }
  }, 30_000)
}
