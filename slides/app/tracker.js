// The dashboard in a frame, if a tracker runs behind the slides.

import { element } from "./dom.js"

/** The tracker's first start builds for minutes: it is asked again so often. */
const RETRY_MS = 1_500

export async function start(container) {
  const address = document.querySelector('meta[name="tracker"]')?.content
  if (!address) throw new Error("no tracker was named when the slides were served")
  // Under the headers that make the clock fine, a frame of another origin is shown only if it gets no cookies.
  if (!("credentialless" in HTMLIFrameElement.prototype)) throw new Error("this browser has no credentialless frames")
  container.dataset.state = "waiting"
  await show(container, address)
}

/** Shows the dashboard as soon as it answers; until then the recorded picture stays. */
async function show(container, address) {
  if (!(await isUp())) {
    setTimeout(() => show(container, address), RETRY_MS)
    return
  }
  const frame = element("iframe.tracker", { src: address, credentialless: true, title: "The dashboard of the tracker", loading: "lazy" })
  container.replaceChildren(frame, element("p.note", {}, "Live, with invented figures from a stand-in for GitHub."))
  container.dataset.state = "live"
}

async function isUp() {
  try {
    // The server of the slides asks: the answer of another origin can't be read here.
    return (await (await fetch("tracker")).text()) === "up"
  } catch {
    return false
  }
}
