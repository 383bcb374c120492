// The computations behind the charts, without a browser: units, means, labels, and relative times.

import assert from "node:assert/strict"
import { describe, test } from "node:test"
import { adoptionEnd, adoptionSeries, axisAges } from "../../app/javascript/adoption.js"
import { axisNumbers } from "../../app/javascript/numbers.js"
import { readingAt } from "../../app/javascript/reading.js"
import { ago } from "../../app/javascript/relative-times.js"
import { downloadsSeries, movingAverage, totalsSeries } from "../../app/javascript/series.js"
import { DAY, unitFor } from "../../app/javascript/units.js"
import { stacked, versionSeries } from "../../app/javascript/versions.js"

const at = (date) => Date.parse(`${date}T00:00:00Z`) / 1000
const noon = (date) => at(date) + DAY / 2
const date = (seconds) => new Date(seconds * 1000).toISOString().slice(0, 10)

test("equal steps of an axis have exact labels", () => {
  assert.deepEqual(axisNumbers([1_975_000_000, 2_000_000_000, 2_025_000_000]), ["1.975B", "2B", "2.025B"])
  assert.deepEqual(axisNumbers([0, 500_000, 1_000_000, 1_500_000]), ["0", "500K", "1M", "1.5M"])
  assert.deepEqual(axisNumbers([7_594_000_000, 7_594_002_000]), ["7.594B", "7.594002B"])
  assert.deepEqual(axisNumbers([null, 999, 1_000, 9_007_199_254_740_000]), [null, "999", "1K", "9007.19925474T"])
  for (let mark = 0; mark < 3e9; mark += 2.5e7) {
    const [label] = axisNumbers([mark])
    assert.equal(Math.round(Number.parseFloat(label) * ({ M: 1e6, B: 1e9 }[label.at(-1)] ?? 1)), mark, label)
  }
})

test("a time is never one to come", () => {
  assert.deepEqual([-120, -1, 0, 59, 60, 3_599, 3_600, 86_400, 172_800].map(ago),
    ["just now", "just now", "just now", "just now", "1 minute ago", "59 minutes ago", "1 hour ago", "1 day ago", "2 days ago"])
})

test("the unit follows the span", () => {
  assert.deepEqual([1, 90, 120, 121, 365, 1_100, 1_101].map((days) => unitFor(days * DAY)), ["day", "day", "day", "week", "week", "week", "month"])
})

describe("downloads", () => {
  // Friday the 1st of May to Tuesday the 12th, without the 6th; the 12th is today.
  const document = { from: "2026-05-01", downloads: [1, 2, 3, 10, 20, null, 30, 40, 50, 60, 100, 7], unsettled: [11], partial: [[8, 2]], failures: [] }
  const until = at("2026-05-13")

  test("in weeks: sums of the known days, with what they lack", () => {
    const { y, spans, days, partial, gaps, unsettled } = downloadsSeries("a", document, until, "week")
    assert.deepEqual([...y], [6, 210, 107])
    assert.deepEqual(spans.map(({ from, to }) => [date(from), date(to)]), [["2026-05-01", "2026-05-04"], ["2026-05-04", "2026-05-11"], ["2026-05-11", "2026-05-13"]])
    assert.deepEqual(days, [{ known: 3, of: 7 }, { known: 6, of: 7 }, { known: 2, of: 2 }])
    assert.deepEqual([partial, gaps, unsettled.length], [[0, 2, 0], [], 1])
  })

  test("in months", () => {
    const { y, days } = downloadsSeries("a", { ...document, from: "2026-04-27" }, at("2026-05-09"), "month")
    assert.deepEqual([...y], [16, 307])
    assert.deepEqual(days, [{ known: 4, of: 30 }, { known: 7, of: 8 }])
  })

  test("a day without data and the days after the last one are gaps, and a day of none is not", () => {
    const { x, gaps } = downloadsSeries("a", { from: "2026-05-01", downloads: [null, 0, null, null, 5, null] }, at("2026-05-07"), "day")
    assert.deepEqual([...x].map(date), ["2026-05-02", "2026-05-05"])
    assert.deepEqual(gaps.map(({ from, to }) => [date(from), date(to)]), [["2026-05-03", "2026-05-05"], ["2026-05-06", "2026-05-07"]])
  })

  test("a mean of days needs each of them, and whole", () => {
    const days = downloadsSeries("a", document, until, "day")
    assert.deepEqual(movingAverage(days, 3), [null, null, 2, 5, 11, null, null, 40, 50, 70, null])
  })

  test("the readout names the span, and what is not known of it", () => {
    const weeks = [downloadsSeries("a", document, until, "week")]
    assert.deepEqual(readingAt(weeks, noon("2026-05-08")), { time: "2026-05-04 to 2026-05-10", words: ["210, 6 of 7 days known, without part of 2 packages"], points: [1] })
    assert.deepEqual(readingAt(weeks, noon("2026-05-12")).words, ["107, still counting"])
    const days = [downloadsSeries("a", document, until, "day")]
    assert.deepEqual(readingAt(days, noon("2026-05-06")), { time: "2026-05-06", words: ["no data"], points: [undefined] })
    assert.deepEqual(readingAt(days, at("2026-05-05") + DAY - 1).words, ["20"])
  })
})

describe("totals", () => {
  test("the readout is that of the nearest day, with its date, and a gap is none", () => {
    const totals = Array(43).fill(null)
    for (const index of [0, 14, 28]) totals[index] = 100 + index
    const all = [totalsSeries("a", { from: "2026-03-01", totals, failures: [] }, totals, at("2026-04-13"))]
    assert.deepEqual(readingAt(all, noon("2026-03-06")), { time: "2026-03-01", words: ["100"], points: [0] })
    assert.deepEqual(readingAt(all, noon("2026-03-09")), { time: "2026-03-15", words: ["114"], points: [1] })
    assert.deepEqual(readingAt(all, noon("2026-04-12")), { time: "2026-04-12", words: ["no data"], points: [undefined] })
    assert.deepEqual(all[0].gaps.map(({ from, to }) => [date(from), date(to)]), [["2026-03-29", "2026-04-13"]])
  })

  test("an imported total is said to be one", () => {
    const document = { from: "2026-03-01", totals: [1, 2, 3], imported: [1], failures: [] }
    const words = (package_) => readingAt([totalsSeries("a", { ...document, ...package_ }, document.totals, at("2026-03-04"))], noon("2026-03-02")).words
    assert.deepEqual(words({ package: "a" }), ["2, imported"])
    assert.deepEqual(words({}), ["2, with imported totals"])
    assert.deepEqual(readingAt([totalsSeries("a", document, document.totals, at("2026-03-04"))], noon("2026-03-03")).words, ["3"])
  })

  test("a value of another day than the readout's has its own date", () => {
    const column = (...totals) => ({ from: "2026-03-01", totals, failures: [] })
    const all = [column(1, null, 3, null, 5, null), column(null, 20, null, 40, null, 60)].map((one) => totalsSeries("a", one, one.totals, at("2026-03-07")))
    assert.deepEqual(readingAt(all, noon("2026-03-03")).time, "2026-03-03")
    assert.deepEqual(readingAt(all, noon("2026-03-03") + 3_600).words, ["3", "40 (2026-03-04)"])
  })
})

describe("releases by their age", () => {
  // v2 was read every day but the third, v1 every fourth day, and v3 once.
  const document = { releases: [
    { name: "v3", windows: [null], downloads: [null], shares: [null] },
    { name: "v2", windows: [null, 1, 2, null, 4, 5], downloads: [null, 10, 30, null, 60, 100], shares: [null, 10, 15, null, 15, 20] },
    { name: "v1", windows: [null, null, null, null, 4, null, null, null, 4, null], downloads: [null, null, null, null, 8, null, null, null, 12, null], shares: [null, null, null, null, 2, null, null, null, 3, null] },
  ] }

  test("as shares and as means a day", () => {
    const [v3, v2, v1] = adoptionSeries(document, { share: true })
    assert.deepEqual([v3.x.length, [...v2.y], [...v1.x].map((at) => at / DAY)], [0, [10, 15, 15, 20], [4, 8]])
    assert.deepEqual(adoptionSeries(document, { share: false }).map(({ y }) => [...y]), [[], [10, 15, 15, 20], [2, 3]])
    assert.equal(adoptionEnd(document), 9 * DAY)
    assert.deepEqual(axisAges([0, DAY, 14 * DAY]), ["0", "1 day", "14 days"])
  })

  test("the readout says which release is younger, and what is not known", () => {
    const all = adoptionSeries(document, { share: true })
    assert.deepEqual(readingAt(all, 4 * DAY), { time: "4 days after the first sight", words: ["not so old yet", "15 %", "2 %"], points: [undefined, 2, 0] })
    assert.deepEqual(readingAt(all, 8 * DAY).words, ["not so old yet", "not so old yet", "3 %"])
    assert.deepEqual(readingAt(all, 1.1 * DAY).words, ["not so old yet", "10 %", "no data"])
    assert.deepEqual(readingAt(all, 0.2 * DAY).time, "0 days after the first sight")
  })
})

describe("versions", () => {
  const document = { from: "2026-05-01", groups: [{ name: "v2", others: false, totals: [null, 0, 10, null, 40, 60] }, { name: "others", others: true, totals: [null, 100, 130, null, 190, 190] }] }
  const until = at("2026-05-07")

  test("the mean a day between two readings", () => {
    const [v2, others] = versionSeries(document, until, "day", { share: false })
    assert.deepEqual([...v2.y], [10, 15, 20])
    assert.deepEqual([...others.y], [30, 30, 0])
    assert.deepEqual(v2.spans.map(({ from, to }) => [from, to]), [[2, 3], [3, 5], [5, 6]].map(([from, to]) => [noon(`2026-05-0${from}`), noon(`2026-05-0${to}`)]))
    assert.deepEqual(stacked([v2, others], [true, true]).tops.map((top) => [...top]), [[10, 15, 20], [40, 45, 20]])
    assert.deepEqual(stacked([v2, others], [false, true]).tops.map((top) => [...top]), [[0, 0, 0], [30, 30, 0]])
  })

  test("shares, and readings that are a week apart", () => {
    assert.deepEqual(versionSeries(document, until, "day", { share: true }).map(({ y }) => [...y].map(Math.round)), [[25, 33, 100], [75, 67, 0]])
    // Saturday the 2nd, Sunday the 3rd, and Wednesday the 6th.
    assert.deepEqual(versionSeries(document, until, "week", { share: false }).map(({ y }) => [...y]), [[10, 50 / 3], [30, 20]])
  })

  test("nothing is known where a total fell", () => {
    const fallen = { ...document, groups: [document.groups[0], { ...document.groups[1], totals: [null, 100, 90, null, 190, 190] }] }
    const [v2] = versionSeries(fallen, until, "day", { share: false })
    assert.deepEqual([...v2.y], [15, 20])
    assert.deepEqual(v2.gaps, [{ from: noon("2026-05-02"), to: noon("2026-05-03") }])
  })
})
