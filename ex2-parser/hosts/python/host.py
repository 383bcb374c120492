"""The parser's module under wasmtime, from Python: host.py MODULE KIND PAGE..."""
import json
import os
import sys
import threading
import time

from wasmtime import Config, Engine, Instance, Module, Store, Trap, WasmtimeError

MAX_MEMORY_BYTES = 256 << 20
MAX_ANSWER_BYTES = 16 << 20
TIME_LIMIT = float(os.environ.get("TIME_LIMIT", "10"))


def lap(name, clock):
    print(f"{name} {(time.perf_counter() - clock) * 1000}ms", file=sys.stderr)


def main(path, kind, *pages):
    # 1. Load: compiled code, and an instance of it. The module imports nothing, so it can only compute.
    clock = time.perf_counter()
    config = Config()
    config.epoch_interruption = True
    engine = Engine(config)
    module = Module.from_file(engine, path)
    lap("set-up", clock)
    clock = time.perf_counter()
    store = Store(engine)
    store.set_limits(memory_size=MAX_MEMORY_BYTES, table_elements=10_000)
    # The code looks at the epoch in each loop and each call. The timer ends it, and so the guest.
    store.set_epoch_deadline(1)
    timer = threading.Timer(TIME_LIMIT, engine.increment_epoch)
    timer.daemon = True
    timer.start()
    exports = Instance(store, module, []).exports(store)
    memory = exports["memory"]
    lap("start", clock)

    for page in pages:
        with open(page, "rb") as file:
            page, clock = file.read(), time.perf_counter()
        # 2. Give it the page: in its memory, at an address that it chooses and wasmtime checks.
        address = exports["allocate"](store, len(page)) & 0xFFFF_FFFF  # unsigned
        assert address != 0, "the module has no room for the page"
        memory.write(store, page, address)
        status = exports["extract"](store, int(kind), len(page))

        # 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
        address, length = (exports[name](store) & 0xFFFF_FFFF for name in ("result", "result_length"))
        assert status in (0, 1), f"the module returned the status {status}"
        assert length <= MAX_ANSWER_BYTES, f"the answer's length: {length} bytes"
        # Without this check, `read` would return the part that is there.
        assert address + length <= memory.data_len(store), f"the answer's place: {address}"
        answer = memory.read(store, address, address + length).decode()
        # Python's own reader accepts NaN and Infinity, which are no JSON.
        assert isinstance(json.loads(answer, parse_constant=int), dict), "the answer's form: no object"
        lap("page", clock)
        print(answer)


try:
    main(*sys.argv[1:])
except (AssertionError, LookupError, Trap, TypeError, ValueError, WasmtimeError) as error:
    sys.exit(f"{type(error).__name__}: {error}")
