// The host of hello.wat in a browser: what src/hello.rs is on the command line, step by step the same.
//
//     cargo run -p ex1-hello -- serve

/** How often helloWorld is called once it is warm: often enough for a clock that may tick in steps of 100 µs. */
const ROUNDS = 10_000;

const element = (id) => document.getElementById(id);

/** Says what failed, in place of the line. */
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

  // A page that measured nothing would write WebAssembly.instantiateStreaming(fetch("hello.wasm"), imports), which
  // compiles while the bytes arrive.
  const module = await WebAssembly.compile(bytes);
  const compiled = performance.now();

  // region: link
  const memory = new WebAssembly.Memory({ initial: 1 });
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let said = "";
  const imports = {
    js: { mem: memory },
    console: {
      log: (offset, length) => {
        // An i32 comes as a number with a sign, and >>> 0 takes the sign away.
        [offset, length] = [offset >>> 0, length >>> 0];
        const size = memory.buffer.byteLength;
        if (offset + length > size) {
          throw new RangeError(`it passed ${length} bytes at offset ${offset}, and its memory has ${size}`);
        }
        said = decoder.decode(new Uint8Array(memory.buffer, offset, length));
      },
    },
  };
  const instance = await WebAssembly.instantiate(module, imports);
  // endregion: link
  const instantiated = performance.now();

  instance.exports.helloWorld();
  const called = performance.now();
  const line = said;

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
