require "test_helper"

# Untrusted text (names from GitHub, URLs from clients) is escaped in every answer.
class UntrustedTextTest < ActionDispatch::IntegrationTest
  include EveryPath

  NAMES = [
    "<script>alert(1)</script>", %("><img src=x onerror=alert(1)>), "'><svg/onload=alert(1)>", "</title></textarea><b>bold",
    %(=HYPERLINK("http://evil.example")), "@SUM(1)", "+1", "-1", "a\r\nSet-Cookie: a=1", %(a"; filename="b.exe), "a>; rel=\"next\", <b",
    "{{7*7}} \#{7*7} <%= 7*7 %>", "\u202Egnp.exe", "javascript:alert(1)", %(a\\",b="c"} 1\nfake{x="y)
  ].freeze

  NAMES.each do |name|
    test "a package called #{name.inspect}" do
      packages(:flagger).update_columns(name:)
      repositories(:flagger).update_columns(name: "fluxcd/#{name}")
      versions(:newest).update_columns(tags: [ name ])
      orgs(:fluxcd).failures.where(package: packages(:flagger)).update_all(detail: name)
      every_path(org: "fluxcd", package: name).each do |address|
        get address
        assert_includes [ 200, 302 ], response.status, address
        assert_headers_hold address
        assert_body_holds address, name
      end
    end

    test "an address with #{name.inspect} in it" do
      text = ERB::Util.url_encode(name)
      [ "/compare?packages[]=#{text}&add=#{text}", "/compare?packages=fluxcd/#{text}", "/orgs/fluxcd?q=#{text}&sort=#{text}&state=#{text}&range=#{text}",
        "/orgs/fluxcd/packages/#{text}", "/api/measurements/fluxcd/flagger.json?limit=1&x=#{text}", "/api/packages/fluxcd.csv?limit=1&#{text}=#{text}",
        "/badges/fluxcd.svg?label=#{text}", "/api/packages/fluxcd/#{text}.json", "/feeds/fluxcd.atom?#{text}" ].each do |address|
        get address
        assert_includes [ 200, 302, 400, 404 ], response.status, address
        assert_headers_hold address
        assert_body_holds address
      end
    end
  end

  private
    def assert_headers_hold(address)
      response.headers.each { |header, value| assert_no_match(/[\r\n]/, value.to_s, "#{header} of #{address}") }
      assert_nil response.headers["Set-Cookie"], address
      assert_equal "nosniff", response.headers["X-Content-Type-Options"], address
      assert_match(/\Adefault-src 'none'/, response.headers["Content-Security-Policy"], address)
      assert_no_match(/unsafe|\*|https?:/, response.headers["Content-Security-Policy"], address)
      assert_match(/\A<\/[^<>\s"]+>; rel="next"\z/, response.headers["Link"], address) if response.headers["Link"]
      assert_match(/\Aattachment; filename="[\w.-]+"; filename\*=UTF-8''[\w.-]+\z/, response.headers["Content-Disposition"], address) if response.headers["Content-Disposition"]
      assert_match(%r{\Ahttp://www.example.com/[^\s<>"]*\z}, response.location, address) if response.location
    end

    def assert_body_holds(address, name = nil)
      kind = %w[html csv json xml plain].find { |word| response.headers["Content-Type"].include?(word) }
      send(:"assert_#{kind}_holds", address, name)
    end

    # There is no inline script or style, no link to a script, and no element that the templates don't have.
    def assert_html_holds(address, _name)
      page = Nokogiri::HTML5(response.body)
      page.css("script").each { |script| assert_match(%r{\A/assets/application-\w+\.js\z}, script["src"].to_s, address) && assert_empty(script.text) }
      page.css("*").each do |element|
        assert_empty element.attributes.keys.grep(/\Aon|\Astyle\z/), "#{element} at #{address}"
        assert_no_match(/\A\s*(javascript|data):/i, "#{element["href"]}", "#{element} at #{address}")
      end
      assert_empty page.css("b, img:not([src^='/badges/']), style, iframe, object, embed, base, svg[onload]").to_a, address
      assert_no_match(/49/, page.css("h1").text, address)
    end

    # No cell is a formula.
    def assert_csv_holds(address, _name)
      CSV.parse(response.body).flatten.compact.each { |cell| assert_no_match(/\A[=+@\t\r\n]|\A-(?!\d+\z)/, cell, address) }
    end

    def assert_json_holds(address, _name)
      JSON.parse(response.body)
      assert_no_match(/[<>]/, response.body, address)
    end

    def assert_xml_holds(address, _name)
      document = Nokogiri::XML(response.body, &:strict).remove_namespaces!
      assert_empty document.css("script, img, b, foreignObject, *[onload]").to_a, address
      document.css("link, a").each { |link| assert_no_match(/\A\s*javascript:/i, link["href"].to_s, address) }
    end

    # Each line is a comment or one sample of a metric of this application.
    def assert_plain_holds(address, name)
      lines = response.body.lines
      assert lines.any? { |line| line.start_with?("stats_tracker_package_downloads") }, address if name
      lines.each { |line| assert_match(/\A(# (HELP|TYPE) stats_tracker_\w+ .+|stats_tracker_\w+\{(\w+="([^"\\\n]|\\[\\"n])*",?)*\} -?\d+(\.\d+)?)\n\z/, line) }
    end
end
