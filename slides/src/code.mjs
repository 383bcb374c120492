// Code on a slide: highlighted, and if its fence says `compact`, without the lines that are nothing but a comment.

import hljs from "highlight.js/lib/core"
import bash from "highlight.js/lib/languages/bash"
import javascript from "highlight.js/lib/languages/javascript"
import ini from "highlight.js/lib/languages/ini"
import ruby from "highlight.js/lib/languages/ruby"
import rust from "highlight.js/lib/languages/rust"
import wasm from "highlight.js/lib/languages/wasm"

export { compact } from "./compact.js"

for (const [name, language] of Object.entries({ bash, javascript, ini, ruby, rust, wasm })) hljs.registerLanguage(name, language)
hljs.registerAliases("wat", { languageName: "wasm" })
hljs.registerAliases("js", { languageName: "javascript" })
hljs.registerAliases("sh", { languageName: "bash" })
hljs.registerAliases("toml", { languageName: "ini" })

export const escape = (text) => text.replace(/[&<>"]/g, (character) => ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" })[character])

export function highlight(language, text) {
  return hljs.getLanguage(language) ? hljs.highlight(text, { language }).value : escape(text)
}
