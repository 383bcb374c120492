require "test_helper"

# The directory of a static export, and the names of its files. test/browser/export.test.mjs opens one in a browser.
class SiteExportTest < ActiveSupport::TestCase
  setup { @parent = Pathname(Dir.mktmpdir) }
  teardown { @parent.rmtree }

  test "every link of every page is a file, below any path" do
    export
    pages = Pathname.glob(directory.join("**/*.html"))
    assert_operator pages.size, :>, 3
    pages.each do |page|
      document = Nokogiri::HTML5.parse(page.read)
      assert_equal "", document.at_css("html")["data-static"] if document.at_css("main")
      links = document.css("[href], [src], [srcset]").flat_map { |element| [ element["href"], element["src"], element["srcset"] ].compact }
      links.reject { |link| link.match?(/\A(https:|\?|#|data:)/) }.each do |link|
        assert_no_match %r{\A/}, link, page
        assert_predicate page.dirname.join(CGI.unescapeURIComponent(link.sub(/[?#].*/, ""))), :file?, "#{link} of #{page}"
      end
    end
    assert_predicate directory.join("orgs/fluxcd/packages/charts/flagger.json/index.html"), :file?
  end

  test "an earlier export is replaced, and an empty directory filled" do
    directory.mkdir
    export
    directory.join("orgs/old").mkpath
    export
    assert_not_predicate directory.join("orgs/old"), :exist?
    assert_equal [ "site" ], @parent.children.map { |child| child.basename.to_s }
  end

  test "a directory with anything else is refused, and stays as it is" do
    directory.mkdir
    directory.join("notes.txt").write("mine")
    assert_match(/notes.txt, which is not of an earlier export/, assert_raises(SiteExport::Refused) { export }.message)
    assert_equal "mine", directory.join("notes.txt").read
    directory.join("notes.txt").delete
    export
    directory.join(".git").mkdir
    assert_match(/has \.git, which/, assert_raises(SiteExport::Refused) { export }.message)
    @parent.join("file").write("")
    assert_match(/is no directory/, assert_raises(SiteExport::Refused) { export("file") }.message)
    assert_match(/say which/, assert_raises(SiteExport::Refused) { SiteExport.new("") }.message)
  end

  test "nothing is half-written: after an error the earlier export is there" do
    export
    before = directory.join("index.html").read
    orgs(:unread).packages.create!(name: "a/index.html", listed_at: Time.current)
    orgs(:unread).packages.create!(name: "a", listed_at: Time.current)
    assert_match(/would be/, assert_raises(SiteExport::Refused) { export }.message)
    assert_equal [ before, [ "site" ] ], [ directory.join("index.html").read, @parent.children.map { |child| child.basename.to_s } ]
  end

  test "a list is whole, also where an answer is limited" do
    rows = (0...30).map { |number| { package_id: packages(:flagger).id, date: Date.new(2026, 1, 1) + number, count: number, read_at: Time.current, settled: true } }
    DailyDownload.insert_all!(rows)
    whole = packages(:flagger).daily_downloads.count
    before = SiteExport::ROWS
    SiteExport.send(:remove_const, :ROWS)
    SiteExport.const_set(:ROWS, 7)
    export
    assert_equal whole + 1, directory.join("api/downloads/fluxcd/flagger.csv").readlines.size
  ensure
    SiteExport.send(:remove_const, :ROWS)
    SiteExport.const_set(:ROWS, before)
  end

  test "names of files" do
    { "/" => "index.html", "/orgs/fluxcd?state=listed&sort=name" => "orgs/fluxcd/index.html", "/orgs/fluxcd?page=2&state=gone" => "orgs/fluxcd/~page-2~state-gone/index.html",
      "/orgs/a/packages/charts%2Fflagger" => "orgs/a/packages/charts/flagger/index.html", "/charts/a.svg?theme=dark&show=total" => "charts/a~show-total~theme-dark.svg",
      "/badges/a/v1.2.json.svg" => "badges/a/v1.2.json.svg", "/badges/a.svg?label=../x y" => "badges/a~label-..~002fx~0020y.svg" }
      .each { |address, file| assert_equal file, SiteExport::Address.new(*address.split("?").then { |path, query| [ path, URI.decode_www_form(query.to_s).to_h ] }).file }
    [ "/orgs/a/packages/../../../etc/passwd", "/orgs/a/packages/%2e%2e/x", "/compare", "/metrics", "/healthz" ].each do |address|
      assert_not SiteExport::Address.parse(address).exported?(with_url: true), address
    end
    [ "https://example.org/", "javascript:alert(1)", "//example.org/", "x" ].each { |address| assert_nil SiteExport::Address.parse(address), address }
  end

  private
    def directory = @parent.join("site")

    def export(name = "site")
      SiteExport.new(@parent.join(name).to_s).run
    end
end
