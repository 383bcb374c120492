// The parser's module under wazero: go run ./host MODULE KIND PAGE... in ex2-parser/hosts/go
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"os"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
)

func main() {
	log.SetFlags(0)
	limit := must(time.ParseDuration(cmp.Or(os.Getenv("TIME_LIMIT"), "10") + "s"))
	binary, kind := must(os.ReadFile(os.Args[1])), must(strconv.ParseUint(os.Args[2], 10, 32))

	// 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
	clock := time.Now()
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	config := wazero.NewRuntimeConfig().WithMemoryLimitPages(4096).WithCloseOnContextDone(true)
	runtime := wazero.NewRuntimeWithConfig(ctx, config)
	compiled := must(runtime.CompileModule(ctx, binary))
	setUp := time.Since(clock)
	module := must(runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig()))
	log.Printf("set-up %s\nstart %s", setUp, time.Since(clock)-setUp)

	call := func(name string, arguments ...uint64) uint32 {
		function := module.ExportedFunction(name)
		require(function != nil && len(function.Definition().ResultTypes()) == 1, "an export is missing", name)
		return uint32(must(function.Call(ctx, arguments...))[0])
	}
	for _, path := range os.Args[3:] {
		page, clock := must(os.ReadFile(path)), time.Now()
		// 2. Give it the page: in its memory, at an address that it chooses and wazero checks.
		address := call("allocate", uint64(len(page)))
		require(address != 0 && module.Memory().Write(address, page), "the page's place", address)
		status := call("extract", kind, uint64(len(page)))

		// 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
		address, length := call("result"), call("result_length")
		require(status <= 1, "the module returned the status", status)
		answer, inside := module.Memory().Read(address, length)
		require(inside && length <= 16<<20, "the answer's place or its length", length)
		require(utf8.Valid(answer) && json.Valid(answer) && answer[0] == '{', "the answer's form", string(answer[:min(length, 80)]))
		log.Print("page ", time.Since(clock))
		fmt.Printf("%s\n", answer)
	}
}

func require(holds bool, what string, value any) {
	if !holds {
		log.Fatalf("%s: %v", what, value)
	}
}

func must[T any](value T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return value
}
