// The host of hello.wat in a browser. It takes the same steps as src/main.rs does on the command line.
//
//     cargo run -p ex1-hello -- serve

/** The number of warm calls that are measured together, since a browser's clock may tick in steps of 100 µs. */
const ROUNDS = 10_000;

const element = (id) => document.getElementById(id);

/** Shows an error in place of the line. */
function fail(error) {
  element("line").hidden = true;
  element("times").hidden = true;
  element("failure").textContent = `hello.wasm did not run: ${error.message}`;
  element("failure").hidden = false;
}

/** The time between two readings of the clock, in the unit that fits. Browsers make the clock coarse on purpose. */
function elapsed(from, to, rounds = 1) {
  const milliseconds = (to - from) / rounds;
  const [value, unit] = milliseconds < 1 ? [milliseconds * 1000, "µs"] : [milliseconds, "ms"];
  return value === 0 ? "less than the clock shows" : `${value.toPrecision(3)} ${unit}`;
}

async function main() {
  const start = performance.now();
  const response = await fetch("hello.wasm");
  if (!response.ok) {
    throw new Error(`the server answered ${response.status} ${response.statusText}`);
  }
  const bytes = await response.arrayBuffer();
  const fetched = performance.now();

  // A page that does not measure would write WebAssembly.instantiateStreaming(fetch("hello.wasm"), imports), which
  // compiles while the bytes arrive.
  const module = await WebAssembly.compile(bytes);
  const compiled = performance.now();

  // region: link
  const memory = new WebAssembly.Memory({ initial: 1 });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let printed = "";
  const imports = {
    js: { mem: memory },
    console: {
      log: (offset, length) => {
        // JavaScript receives an i32 as a signed number. `>>> 0` makes it unsigned.
        [offset, length] = [offset >>> 0, length >>> 0];
        const size = memory.buffer.byteLength;
        if (offset + length > size) {
          throw new RangeError(`the module passed ${length} bytes at offset ${offset}, and its memory has ${size}`);
        }
        printed = decoder.decode(new Uint8Array(memory.buffer, offset, length));
      },
    },
  };
  const instance = await WebAssembly.instantiate(module, imports);
  // endregion: link
  const instantiated = performance.now();

  instance.exports.helloWorld();
  const called = performance.now();
  const line = printed;

  for (let round = 0; round < ROUNDS; round++) {
    instance.exports.helloWorld();
  }
  const calledAgain = performance.now();

  console.log(line);
  element("line").textContent = line;
  element("size").textContent = bytes.byteLength;
  element("rounds").textContent = ROUNDS.toLocaleString("en");
  element("fetch").textContent = elapsed(start, fetched);
  element("compile").textContent = elapsed(fetched, compiled);
  element("instantiate").textContent = elapsed(compiled, instantiated);
  element("call").textContent = elapsed(instantiated, called);
  element("again").textContent = elapsed(called, calledAgain, ROUNDS);
  element("times").hidden = false;
}

main().catch(fail);
