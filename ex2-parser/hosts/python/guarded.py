"""Any module under wasmtime, from Python, within limits.

It reads a module's path from each line of its standard input, and prints a line: `answered {...}` or `stopped ...`.
../README.md describes what it limits.
"""
import json
import os
import resource
import subprocess
import sys
import threading

from wasmtime import Config, Engine, Func, FuncType, Linker, Memory, Module, Store, Trap, ValType, WasmtimeError

MAX_MODULE_BYTES = 16 << 20
MAX_MEMORY_BYTES = 256 << 20
MAX_ANSWER_BYTES = 16 << 20
MAX_COMPILER_BYTES = 512 << 20
TIME_LIMIT = float(os.environ.get("TIME_LIMIT", "10"))
PAGE = b"<html></html>"


class Refused(Exception):
    """The module did something that the host does not believe or allow."""


def engine():
    config = Config()
    config.epoch_interruption = True
    config.max_wasm_stack = 512 << 10
    config.wasm_threads = False
    return Engine(config)


def compile_here():
    """Compiles the module from the standard input, in a process of its own."""
    seconds = max(1, round(TIME_LIMIT))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_DATA, (MAX_COMPILER_BYTES, MAX_COMPILER_BYTES))
    try:
        sys.stdout.buffer.write(Module(engine(), sys.stdin.buffer.read()).serialize())
    except WasmtimeError as error:
        sys.exit(str(error))


def compiled(engine, path):
    # wasmtime can't be stopped while it compiles. A process can.
    if os.path.getsize(path) > MAX_MODULE_BYTES:
        raise Refused("the module is too large")
    with open(path, "rb") as module:
        child = subprocess.run([sys.executable, __file__, "compile"], stdin=module, capture_output=True, check=False)
    if child.returncode < 0:
        raise Refused("its compilation was not done in time")
    if child.returncode > 0:
        raise Refused(child.stderr.decode(errors="replace"))
    return Module.deserialize(engine, child.stdout)


class Guest:
    def __init__(self, engine, module):
        self.store = Store(engine)
        self.store.set_limits(memory_size=MAX_MEMORY_BYTES, table_elements=10_000, instances=1, memories=1)
        self.store.set_epoch_deadline(1)
        self.is_inside = True
        self.exports = None
        linker = Linker(engine)
        linker.define_func("host", "page", FuncType([], [ValType.i32()]), self.page)
        self.exports = linker.instantiate(self.store, module).exports(self.store)
        self.is_inside = False
        i32 = ValType.i32()
        self.allocate = self.function("allocate", [i32], [i32])
        self.memory = self.exports["memory"]
        if not isinstance(self.memory, Memory):
            raise Refused("no memory is exported")

    def function(self, name, parameters, results):
        function = self.exports[name]
        kind = FuncType(parameters, results)
        if not isinstance(function, Func):
            raise Refused(f"{name} is no function")
        found = function.type(self.store)
        if [str(ty) for ty in found.params + found.results] != [str(ty) for ty in kind.params + kind.results]:
            raise Refused(f"{name} has another type")
        return function

    def give_page(self):
        room = self.allocate(self.store, len(PAGE)) & 0xFFFF_FFFF  # unsigned
        if room == 0:
            raise Refused("the module has no room for the page")
        self.memory.write(self.store, PAGE, room)
        return room

    def page(self):
        """What a guest may import: it gets the page once more. It must not come back through it to itself."""
        if self.is_inside:
            raise Refused("the module asks for the page while it gets it")
        self.is_inside = True
        try:
            return self.give_page()
        finally:
            self.is_inside = False

    def answer(self):
        i32 = ValType.i32()
        extract = self.function("extract", [i32, i32], [i32])
        places = [self.function(name, [], [i32]) for name in ("result", "result_length")]
        self.give_page()
        status = extract(self.store, 0, len(PAGE))
        if status not in (0, 1):
            raise Refused(f"the module returned the status {status}")
        address, length = (place(self.store) & 0xFFFF_FFFF for place in places)
        if length > MAX_ANSWER_BYTES or address + length > self.memory.data_len(self.store):
            raise Refused("the answer's place")
        answer = self.memory.read(self.store, address, address + length).decode()
        if not isinstance(json.loads(answer, parse_constant=int), dict):
            raise Refused("the answer's form: no object")
        return answer


def main():
    host = engine()
    for line in sys.stdin:
        # The code looks at the epoch in each loop and each call. The timer ends it, and so the guest.
        timer = threading.Timer(TIME_LIMIT, host.increment_epoch)
        timer.daemon = True
        try:
            module = compiled(host, line.strip())
            timer.start()
            outcome = f"answered {Guest(host, module).answer()}"
        except (LookupError, RecursionError, Refused, Trap, TypeError, ValueError, WasmtimeError) as error:
            outcome = f"stopped {type(error).__name__}: {error}"
        timer.cancel()
        print(" ".join(outcome.split())[:300], flush=True)


compile_here() if sys.argv[1:] == ["compile"] else main()
