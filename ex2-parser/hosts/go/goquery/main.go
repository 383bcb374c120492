// A package's page read with goquery: go run ./goquery PAGE... in ex2-parser/hosts/go
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/PuerkitoBio/goquery"
)

type day struct {
	Date  string `json:"date"`
	Count uint64 `json:"count"`
}

type answer struct {
	Total uint64 `json:"total"`
	Daily []day  `json:"daily"`
}

func main() {
	log.SetFlags(0)
	for _, path := range os.Args[1:] {
		page := must(os.ReadFile(path))
		clock := time.Now()
		json := must(json.Marshal(read(page)))
		log.Print("page ", time.Since(clock))
		fmt.Printf("%s\n", json)
	}
}

func read(page []byte) answer {
	document := must(goquery.NewDocumentFromReader(bytes.NewReader(page)))
	label := document.Find("span").FilterFunction(func(_ int, span *goquery.Selection) bool {
		return strings.TrimSpace(span.Text()) == "Total downloads"
	})
	result := answer{number(label.Next().Filter("h3"), "title"), []day{}}
	bars := document.Find(`[aria-label="Downloads for the last 30 days"] rect[data-merge-count]`)
	bars.Each(func(_ int, bar *goquery.Selection) {
		result.Daily = append(result.Daily, day{bar.AttrOr("data-date", ""), number(bar, "data-merge-count")})
	})
	return result
}

func number(element *goquery.Selection, attribute string) uint64 {
	return must(strconv.ParseUint(element.AttrOr(attribute, ""), 10, 64))
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
