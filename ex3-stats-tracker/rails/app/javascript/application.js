// Everything works without scripts, but the charts: they are tables then. This adds to the pages that the server makes.

import { drawCharts } from "./charts.js"
import { keepMomentsTrue } from "./moments.js"
import { enhancePackages } from "./packages.js"

document.querySelectorAll("[data-charts]").forEach(drawCharts)
document.querySelectorAll("[data-packages]").forEach(enhancePackages)
keepMomentsTrue()
