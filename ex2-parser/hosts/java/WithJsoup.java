// A package's page read with jsoup: java -cp 'JARS/*' ex2-parser/hosts/java/WithJsoup.java PAGE…
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayInputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jsoup.Jsoup;

public class WithJsoup {
    record Day(String date, long count) {}

    record Answer(long total, List<Day> daily) {}

    public static void main(String[] paths) throws Exception {
        for (var path : paths) {
            var page = Files.readAllBytes(Path.of(path));
            var clock = System.nanoTime();
            var answer = new ObjectMapper().writeValueAsString(read(page));
            System.err.println("page " + (System.nanoTime() - clock) / 1e6 + "ms");
            System.out.println(answer);
        }
    }

    static Answer read(byte[] page) throws Exception {
        var document = Jsoup.parse(new ByteArrayInputStream(page), "UTF-8", "");
        var total = document.select("span:matchesWholeText(^\\s*Total downloads\\s*$) + h3").attr("title");
        var bars = document.select("[aria-label=Downloads for the last 30 days] rect[data-merge-count]");
        var daily = bars.stream().map(bar -> new Day(bar.attr("data-date"), Long.parseLong(bar.attr("data-merge-count"))));
        return new Answer(Long.parseLong(total), daily.toList());
    }
}
