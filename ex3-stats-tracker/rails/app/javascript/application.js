// The pages work without scripts, with tables instead of charts. The scripts enhance the server's HTML.

import { drawCharts } from "./charts.js"
import { addCopyButton } from "./copy.js"
import { updateRelativeTimes } from "./relative-times.js"
import { enhancePackages } from "./packages.js"

document.querySelectorAll("[data-charts]").forEach(drawCharts)
document.querySelectorAll("[data-packages]").forEach(enhancePackages)
document.querySelectorAll("pre.command").forEach(addCopyButton)
updateRelativeTimes()
