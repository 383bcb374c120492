// Any module under wazero, within limits. It reads a module's path from each line of its standard input, and prints a
// line: `answered {...}` or `stopped ...`. ../../README.md describes what it limits.
package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const (
	maxModuleBytes   = 16 << 20
	maxMemoryPages   = 4096
	maxAnswerBytes   = 16 << 20
	maxCompilerBytes = 512 << 20
)

var (
	page      = []byte("<html></html>")
	i32       = []api.ValueType{api.ValueTypeI32}
	noValue   = []api.ValueType{}
	twoI32    = []api.ValueType{api.ValueTypeI32, api.ValueTypeI32}
	timeLimit = must(time.ParseDuration(cmp.Or(os.Getenv("TIME_LIMIT"), "10") + "s"))
)

// config is the same for the process that compiles and for the one that runs: only then the cache has its code.
func config(cache wazero.CompilationCache) wazero.RuntimeConfig {
	return wazero.NewRuntimeConfig().WithMemoryLimitPages(maxMemoryPages).WithMemoryCapacityFromMax(true).
		WithCloseOnContextDone(true).
		WithCompilationCache(cache)
}

func main() {
	log.SetFlags(0)
	if len(os.Args) == 4 && os.Args[1] == "compile" {
		compileHere(os.Args[2], os.Args[3])
		return
	}
	directory := must(os.MkdirTemp("", "wazero-"))
	defer os.RemoveAll(directory)
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		outcome := "stopped"
		if answer, err := run(lines.Text(), directory); err != nil {
			outcome = "stopped " + err.Error()
		} else {
			outcome = "answered " + string(answer)
		}
		outcome = strings.Join(strings.Fields(outcome), " ")
		fmt.Println(outcome[:min(len(outcome), 300)])
		debug.FreeOSMemory()
	}
}

// compileHere compiles a module into the cache, in a process of its own: wazero can't be stopped while it compiles.
func compileHere(path, directory string) {
	seconds := uint64(max(1, timeLimit.Seconds()))
	limit(syscall.RLIMIT_CPU, seconds)
	limit(syscall.RLIMIT_DATA, maxCompilerBytes)
	ctx := context.Background()
	runtime := wazero.NewRuntimeWithConfig(ctx, config(must(wazero.NewCompilationCacheWithDir(directory))))
	must(runtime.CompileModule(ctx, must(os.ReadFile(path))))
}

func limit(resource int, value uint64) {
	must(0, syscall.Setrlimit(resource, &syscall.Rlimit{Cur: value, Max: value}))
}

func run(path, directory string) ([]byte, error) {
	if must(os.Stat(path)).Size() > maxModuleBytes {
		return nil, errors.New("the module is too large")
	}
	compiler := exec.Command(must(os.Executable()), "compile", path, directory)
	if output, err := compiler.CombinedOutput(); err != nil {
		first, _, _ := bytes.Cut(output, []byte("\n"))
		return nil, fmt.Errorf("its compilation: %w %s", err, first)
	}
	cache := must(wazero.NewCompilationCacheWithDir(directory))
	defer cache.Close(context.Background())
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	runtime := wazero.NewRuntimeWithConfig(ctx, config(cache))
	defer runtime.Close(context.Background())
	compiled, err := runtime.CompileModule(ctx, must(os.ReadFile(path)))
	if err != nil {
		return nil, err
	}
	// What a guest may import: it gets the page once more. It must not come back through it to itself.
	isInside := false
	getPage := func(ctx context.Context, module api.Module) uint32 {
		if isInside {
			panic(errors.New("the module asks for the page while it gets it"))
		}
		isInside = true
		defer func() { isInside = false }()
		return must(givePage(ctx, module))
	}
	builder := runtime.NewHostModuleBuilder("host").NewFunctionBuilder().WithFunc(getPage).Export("page")
	if _, err := builder.Instantiate(ctx); err != nil {
		return nil, err
	}
	module, err := runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return nil, err
	}
	return answer(ctx, module)
}

// call calls an export of the given type.
func call(ctx context.Context, module api.Module, name string, parameters []api.ValueType, arguments ...uint64) (uint32, error) {
	function := module.ExportedFunction(name)
	if function == nil || !slices.Equal(function.Definition().ParamTypes(), parameters) ||
		!slices.Equal(function.Definition().ResultTypes(), i32) {
		return 0, fmt.Errorf("%s is missing or has another type", name)
	}
	results, err := function.Call(ctx, arguments...)
	if err != nil {
		return 0, err
	}
	return uint32(results[0]), nil
}

func givePage(ctx context.Context, module api.Module) (uint32, error) {
	room, err := call(ctx, module, "allocate", i32, uint64(len(page)))
	if err != nil {
		return 0, err
	}
	if room == 0 || module.Memory() == nil || !module.Memory().Write(room, page) {
		return 0, errors.New("the page's place")
	}
	return room, nil
}

func answer(ctx context.Context, module api.Module) ([]byte, error) {
	if _, err := givePage(ctx, module); err != nil {
		return nil, err
	}
	status, err := call(ctx, module, "extract", twoI32, 0, uint64(len(page)))
	if err != nil {
		return nil, err
	}
	address, err := call(ctx, module, "result", noValue)
	if err != nil {
		return nil, err
	}
	length, err := call(ctx, module, "result_length", noValue)
	if err != nil {
		return nil, err
	}
	answer, inside := module.Memory().Read(address, length)
	if status > 1 || length > maxAnswerBytes || !inside {
		return nil, errors.New("the status, or the answer's place")
	}
	if !utf8.Valid(answer) || !json.Valid(answer) || answer[0] != '{' {
		return nil, errors.New("the answer's form: no object")
	}
	// The bytes are the guest's memory, which ends with it.
	return bytes.Clone(answer), nil
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}
