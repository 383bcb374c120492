// Code as a slide shows it. Also used in the browser.

/** How a line begins that is a comment and nothing else. */
const COMMENTS = { wat: /^\s*;;/, rust: /^\s*\/\//, js: /^\s*\/\//, ruby: /^\s*#/, sh: /^\s*#/, toml: /^\s*#/ }

/** Without lines of comments, and without more than one empty line between two others. */
export function compact(language, text) {
  const comment = COMMENTS[language]
  const lines = text.split("\n").filter((line) => !comment?.test(line)).map((line) => line.trimEnd())
  return lines.filter((line, index) => line !== "" || (index > 0 && lines[index - 1] !== "")).join("\n").trim()
}
