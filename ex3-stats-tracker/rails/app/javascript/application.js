// The pages work without scripts, with tables instead of charts. The scripts enhance the server's HTML.

import { drawCharts } from "./charts.js"
import { addCopyButton } from "./copy.js"
import { updateRelativeTimes } from "./relative-times.js"
import { enhancePackages } from "./packages.js"
import { isStatic, showView } from "./static.js"
import { ViewState } from "./view-state.js"

if (isStatic) showView(new URL(location))
const state = new ViewState()
document.querySelectorAll("[data-charts]").forEach((section) => drawCharts(section, state))
document.querySelectorAll("[data-packages]").forEach((section) => enhancePackages(section, state))
document.querySelectorAll("pre.command").forEach(addCopyButton)
updateRelativeTimes()
