// The parser's module under Endive, which was called Chicory: java -cp 'JARS/*' ex2-parser/hosts/java/Host.java MODULE …
import com.fasterxml.jackson.databind.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.List;
import java.util.concurrent.*;
import run.endive.runtime.*;
import run.endive.wasm.Parser;
import run.endive.wasm.types.MemoryLimits;

public class Host {
    static final int MAX_PAGES = 4_096, MAX_ANSWER_BYTES = 16 << 20;
    static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    public static void main(String[] arguments) throws Exception {
        var seconds = Double.parseDouble(System.getenv().getOrDefault("TIME_LIMIT", "10"));
        // Endive looks at the thread's interruption in each loop and each call.
        var thread = Executors.newSingleThreadExecutor();
        try {
            thread.submit(() -> readPages(arguments)).get((long) (1000 * seconds), TimeUnit.MILLISECONDS);
        } finally {
            thread.shutdownNow();
        }
    }

    static Void readPages(String[] arguments) throws Exception {
        // 1. Load: the module, and an instance of it. The module imports nothing, so it can only compute.
        var clock = System.nanoTime();
        var module = Parser.parse(Path.of(arguments[0]));
        lap("set-up", clock);
        clock = System.nanoTime();
        var exports = Instance.builder(module).withMemoryFactory(wanted -> new ByteArrayMemory(
                new MemoryLimits(wanted.initialPages(), Math.min(MAX_PAGES, wanted.maximumPages())))).build();
        lap("start", clock);
        for (var path : List.of(arguments).subList(2, arguments.length)) {
            var page = Files.readAllBytes(Path.of(path));
            clock = System.nanoTime();
            // 2. Give it the page: in its memory, at an address that it chooses and Endive checks.
            var address = (int) exports.export("allocate").apply(page.length)[0];
            require(address != 0, "the module has no room for the page");
            exports.memory().write(address, page);
            var status = exports.export("extract").apply(Integer.parseInt(arguments[1]), page.length)[0];

            // 3. Read the answer, and believe nothing: neither its length, nor its place, nor its form.
            int place = (int) exports.export("result").apply()[0], length = (int) exports.export("result_length").apply()[0];
            require(status == 0 || status == 1, "the module returned the status " + status);
            // An i32 beyond 2 GiB is a negative number in Java.
            require(0 <= length && length <= MAX_ANSWER_BYTES, "the answer's length: " + length + " bytes");
            var bytes = ByteBuffer.wrap(exports.memory().readBytes(place, length));
            var answer = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
            require(JSON.readTree(answer).isObject(), "the answer's form: no JSON object");
            lap("page", clock);
            System.out.println(answer);
        }
        return null;
    }

    static void lap(String name, long clock) {
        System.err.println(name + " " + (System.nanoTime() - clock) / 1e6 + "ms");
    }

    static void require(boolean holds, String message) {
        if (!holds) throw new IllegalStateException(message);
    }
}
