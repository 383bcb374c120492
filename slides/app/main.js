// The slides in a browser.

import Reveal from "reveal.js"
import Notes from "reveal.js/plugin/notes"
import * as bets from "./bets.js"
import { fit } from "./fit.js"
import * as hello from "./hello.js"
import * as machine from "./machine.js"
import * as parser from "./parser.js"
import * as tracker from "./tracker.js"

const LIVE = { bets, machine, parser, tracker, wat: hello }

const query = new URLSearchParams(location.search)
const printed = query.get("view") === "print" || query.has("print-pdf")

/** A projector of 4:3 gets slides of its own proportions, not smaller ones: text has the same size on both. */
function size() {
  const narrow = !printed && innerWidth / innerHeight < 1.5
  document.documentElement.classList.toggle("narrow", narrow)
  return narrow ? { width: 1024, height: 768 } : { width: 1280, height: 720 }
}

const theme = query.get("theme")
if (["dark", "light"].includes(theme)) document.documentElement.dataset.theme = theme

function switchTheme() {
  const root = document.documentElement
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches
  root.dataset.theme = dark ? "light" : "dark"
}

// Tests and the PDF's printer read it.
window.talk = { ready: false, Reveal }

/** A slide on its page: reveal.js hides all but one from screen readers, and so from the PDF's structure and outline. */
function print(section) {
  fit(section)
  section.removeAttribute("aria-hidden")
  section.removeAttribute("hidden")
}

async function main() {
  await Reveal.initialize({
    ...size(),
    ...(printed && { view: "print" }),
    margin: 0,
    minScale: 0.2,
    maxScale: 4,
    center: false,
    hash: true,
    controls: false,
    progress: false,
    slideNumber: "c/t",
    transition: "none",
    // Each slide has its own minutes; this turns the pace on.
    defaultTiming: 60,
    pdfSeparateFragments: false,
    pdfMaxPagesPerSlide: 1,
    // A slide may be watched for longer than any other page.
    viewDistance: 2,
    plugins: [Notes],
  })
  addEventListener("resize", () => {
    Reveal.configure(size())
    fit(Reveal.getCurrentSlide())
  })
  Reveal.on("slidechanged", ({ currentSlide }) => fit(currentSlide))
  Reveal.addKeyBinding({ keyCode: 84, key: "T", description: "Dark or light" }, switchTheme)
  await document.fonts.ready
  Reveal.layout()
  if (printed) document.querySelectorAll("section").forEach(print)

  // In the speaker's window every slide is there twice more: what runs, runs in the room's window alone.
  if (!printed && !Reveal.isSpeakerNotes()) {
    await Promise.all([...document.querySelectorAll(".live")].map(async (element) => {
      const { live, options } = element.dataset
      try {
        await LIVE[live].start(element, options.split(" ").filter(Boolean))
        element.dataset.state ??= "live"
      } catch (error) {
        // The recorded answer stays.
        element.dataset.state = "recorded"
        console.info(`${live} shows its recorded answer: ${error.message}`)
      }
    }))
  }
  fit(Reveal.getCurrentSlide())
  window.talk.ready = true
}

main()
