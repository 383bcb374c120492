// Any module under Endive, within limits. It reads a module's path from each line of its standard input, and prints a
// line: `answered {…}` or `stopped …`. ../README.md describes what it limits.
import com.fasterxml.jackson.databind.*;
import java.io.*;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.*;
import java.util.List;
import run.endive.runtime.*;
import run.endive.wasm.Parser;
import run.endive.wasm.types.*;

public class Guarded {
    static final int MAX_PAGES = 4_096, MAX_TABLE_ENTRIES = 10_000, MAX_ANSWER_BYTES = 16 << 20;
    static final long MAX_MODULE_BYTES = 16 << 20, STACK_BYTES = 4 << 20;
    static final byte[] PAGE = "<html></html>".getBytes(StandardCharsets.UTF_8);
    static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    public static void main(String[] arguments) throws Exception {
        var limit = (long) (1000 * Double.parseDouble(System.getenv().getOrDefault("TIME_LIMIT", "10")));
        var lines = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (var path = lines.readLine(); path != null; path = lines.readLine()) {
            var outcome = outcome(Path.of(path), limit).replaceAll("\\s+", " ");
            System.out.println(outcome.substring(0, Math.min(outcome.length(), 300)));
        }
    }

    // Endive interprets, so that a call of the guest is a call in Java: a thread of its own has a stack of its own size.
    static String outcome(Path path, long limit) throws InterruptedException {
        var outcome = new String[1];
        var thread = new Thread(null, () -> outcome[0] = new Guarded().run(path), "guest", STACK_BYTES);
        thread.setDaemon(true);
        thread.start();
        thread.join(limit);
        // Endive looks at the interruption in each loop and each call, and then throws.
        thread.interrupt();
        thread.join(limit);
        return thread.isAlive() ? "stopped, but its thread runs on" : outcome[0];
    }

    private Instance guest;
    private boolean isInside = true;

    private String run(Path path) {
        try {
            require(Files.size(path) <= MAX_MODULE_BYTES, "the module is too large");
            return "answered " + answer(Files.readAllBytes(path));
        } catch (StackOverflowError | OutOfMemoryError | Exception error) {
            return "stopped " + error;
        }
    }

    private String answer(byte[] binary) throws Exception {
        // What a guest may import: it gets the page once more. It must not come back through it to itself.
        var page = new HostFunction("host", "page", FunctionType.returning(ValType.I32), (instance, none) -> {
            require(!isInside, "the module asks for the page while it gets it");
            isInside = true;
            try {
                return new long[] {givePage()};
            } finally {
                isInside = false;
            }
        });
        guest = Instance.builder(Parser.parse(binary))
                .withImportValues(ImportValues.builder().addFunction(page).build())
                .withMemoryFactory(wanted -> new ByteArrayMemory(
                        new MemoryLimits(wanted.initialPages(), Math.min(MAX_PAGES, wanted.maximumPages()))))
                .withTableFactory((table, value) -> new TableInstance(new Table(table.elementType(), new TableLimits(
                        table.limits().min(), Math.min(MAX_TABLE_ENTRIES, table.limits().max()))), value))
                .build();
        isInside = false;
        givePage();
        int status = call("extract", List.of(ValType.I32, ValType.I32), 0, PAGE.length);
        int place = call("result", List.of()), length = call("result_length", List.of());
        require(status == 0 || status == 1, "the module returned the status " + status);
        require(0 <= length && length <= MAX_ANSWER_BYTES, "the answer's length: " + length + " bytes");
        var bytes = ByteBuffer.wrap(guest.memory().readBytes(place, length));
        var answer = StandardCharsets.UTF_8.newDecoder().decode(bytes).toString();
        require(JSON.readTree(answer).isObject(), "the answer's form: no JSON object");
        return answer;
    }

    private int givePage() {
        int room = call("allocate", List.of(ValType.I32), PAGE.length);
        require(room != 0, "the module has no room for the page");
        guest.memory().write(room, PAGE);
        return room;
    }

    private int call(String name, List<ValType> parameters, long... arguments) {
        var type = guest.exportType(name);
        require(type.params().equals(parameters) && type.returns().equals(List.of(ValType.I32)), name + " has another type");
        return (int) guest.export(name).apply(arguments)[0];
    }

    static void require(boolean holds, String message) {
        if (!holds) throw new IllegalStateException(message);
    }
}
