"""A package's page read with lxml, libxml2's tree: with_lxml.py PAGE..."""

import json
import sys
import time

from lxml import html

TOTAL = '//span[normalize-space() = "Total downloads"]/following-sibling::*[1][self::h3]/@title'
BARS = '//*[@aria-label = "Downloads for the last 30 days"]//rect[@data-merge-count]'


def package(page):
    tree = html.document_fromstring(page, parser=html.HTMLParser(encoding="utf-8"))
    [total] = tree.xpath(TOTAL)
    daily = [{"date": bar.get("data-date"), "count": int(bar.get("data-merge-count"))} for bar in tree.xpath(BARS)]
    return {"total": int(total), "daily": daily}


for path in sys.argv[1:]:
    with open(path, "rb") as file:
        content = file.read()
    clock = time.perf_counter()
    answer = package(content)
    print(f"page {(time.perf_counter() - clock) * 1000}ms", file=sys.stderr)
    print(json.dumps(answer, separators=(",", ":")))
