// The room bets on each question by a click; at the end the record's answers stand beside the bets.

import matrix from "assets:matrix.json"
import { element } from "./dom.js"

const CHOICES = ["Yes", "No"]

/** By question: "Yes" or "No". They outlive a reload, and belong to one record. */
const key = `bets of ${matrix.record}`
let bets = load()
const listeners = new Set()

function load() {
  try {
    const stored = JSON.parse(sessionStorage.getItem(key) ?? "{}")
    return Object.fromEntries(Object.entries(stored).filter(([, choice]) => CHOICES.includes(choice)))
  } catch {
    // No storage, or not ours: an empty room.
    return {}
  }
}

function bet(slug, choice) {
  // A second click takes the bet back.
  bets = { ...bets, [slug]: bets[slug] === choice ? undefined : choice }
  try {
    sessionStorage.setItem(key, JSON.stringify(bets))
  } catch {
    // The bets then last until the next reload.
  }
  listeners.forEach((listener) => listener())
}

export function start(container, options) {
  return options.includes("settled") ? settle(container) : ask(container)
}

function ask(container) {
  for (const item of container.querySelectorAll("[data-question]")) {
    const slug = item.dataset.question
    const buttons = CHOICES.map((choice) => element("button", { type: "button", "aria-label": `${choice}: ${item.textContent}`, click: () => bet(slug, choice) }, choice))
    item.append(element("span.choices", {}, ...buttons))
    const show = () => buttons.forEach((button, index) => button.setAttribute("aria-pressed", bets[slug] === CHOICES[index]))
    listeners.add(show)
    show()
  }
}

function settle(container) {
  const body = element("tbody")
  const show = () => body.replaceChildren(...matrix.verdicts.map(({ slug, question, answer }) => {
    const own = bets[slug]
    const decided = CHOICES.includes(answer)
    const [outcome, name] = !own || !decided ? ["", ""] : own === answer ? ["won", "won"] : ["lost", "lost"]
    return element("tr", {}, element("th", { scope: "row" }, question), element("td", {}, own ?? "no bet"), element(`td.answer${outcome ? `.${outcome}` : ""}`, {}, answer), element(`td${outcome ? `.${outcome}` : ""}`, {}, name))
  }))
  listeners.add(show)
  show()
  const head = ["Question", "The room", "The record", ""].map((text) => (text ? element("th", { scope: "col" }, text) : element("td")))
  container.replaceChildren(element("table.settled", {}, element("thead", {}, element("tr", {}, ...head)), body))
}
