// "12 minutes ago" goes on being true while a page is open. The exact time stands beside it.

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]]
const WORDS = new Intl.RelativeTimeFormat("en", { numeric: "always" })

export function keepMomentsTrue() {
  setInterval(() => {
    for (const element of document.querySelectorAll("time[data-ago]")) {
      const seconds = (Date.now() - Date.parse(element.dateTime)) / 1000
      const [unit, length] = UNITS.find(([, length]) => seconds >= length) ?? UNITS.at(-1)
      element.textContent = WORDS.format(-Math.floor(seconds / length), unit)
    }
  }, 30_000)
}
