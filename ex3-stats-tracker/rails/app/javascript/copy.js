// A button beside each snippet that copies it. Without scripts there is no button, and the snippet can be selected.

/** Milliseconds for which the button says that it copied. */
const SAID_FOR = 2000

export function addCopyButton(snippet) {
  const box = document.createElement("div")
  box.className = "snippet"
  const button = document.createElement("button")
  button.type = "button"
  button.className = "copy"
  button.textContent = "Copy"
  // A screen reader reads the button's new text only in a live region.
  const status = document.createElement("span")
  status.className = "visually-hidden"
  status.setAttribute("role", "status")
  snippet.replaceWith(box)
  box.append(snippet, button, status)
  let timer
  button.addEventListener("click", async () => {
    const said = (await copy(snippet)) ? "Copied" : "Press Ctrl+C"
    button.textContent = said
    status.textContent = said
    clearTimeout(timer)
    timer = setTimeout(() => {
      button.textContent = "Copy"
      status.textContent = ""
    }, SAID_FOR)
  })
}

/** Whether the snippet was copied. If not, it is selected. */
async function copy(snippet) {
  try {
    await navigator.clipboard.writeText(snippet.textContent)
    return true
  } catch {
    // Without HTTPS there is no clipboard, except on this machine.
    getSelection().selectAllChildren(snippet)
    return document.execCommand("copy")
  }
}
