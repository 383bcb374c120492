# A page of the dashboard without what needs a server, and with relative links.
class SiteExport::Page
  LINKS = { "a" => "href", "link" => "href", "img" => "src", "script" => "src", "source" => "srcset" }.freeze

  # The parts that ask the server: the comparison and the filter of packages, and the pages of versions.
  NEEDS_SERVER = "form, [data-compare], td.choose, #versions nav.pages, noscript"

  # An address in a snippet, which may be in the brackets of Markdown.
  SNIPPET = %r{#{SiteExport::BASE}(/(?:[^\s"<>()]|\([^\s"<>()]*\))*)}

  # The parameters of the chart of versions.
  RANGES = ViewState::RANGES
  GROUPS = Version::Tags::GROUPS

  # A page that leads to another one.
  def self.redirect(from, to)
    target = CGI.escapeHTML(to.from(from))
    <<~HTML
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8"><title>Stats Tracker</title><meta http-equiv="refresh" content="0; url=#{target}"></head>
      <body><p><a href="#{target}">Stats Tracker</a></p></body></html>
    HTML
  end

  # +html+: the dashboard's page.
  def initialize(export, address, html)
    @export, @address = export, address
    @document = Nokogiri::HTML5.parse(html)
  end

  def to_html
    document.at_css("html")["data-static"] = ""
    document.css(NEEDS_SERVER).each(&:remove)
    # Its script would use the filter.
    document.css("[data-packages]").each { |element| element.delete("data-packages") }
    # Nor can a script swap a part of the page for one of the server's.
    document.css("a[data-swap]").each { |element| element.delete("data-swap") }
    rewrite_charts
    document.css(LINKS.keys.join(",")).each { |element| rewrite_link(element, LINKS.fetch(element.name)) }
    rewrite_snippets
    add_note
    document.to_html
  end

  private
    attr_reader :export, :address, :document

    # The charts' choices are made by the scripts, in the page's own address.
    def rewrite_link(element, attribute)
      return unless element[attribute]

      if element["data-param"] then element[attribute] = "?#{{ element["data-param"] => element["data-value"] }.to_query}"
      elsif element[attribute].start_with?("/") then rewrite_path(element, attribute)
      end
    end

    def rewrite_path(element, attribute)
      target = SiteExport::Address.parse(element[attribute])
      if (target.nil? || !changed?(target, element[attribute])) && export.add(target)
        element[attribute] = target.from(address)
      elsif element.name == "a" && element.parent.name == "li" && element.parent.element_children.one? then element.parent.remove
      elsif element.name == "a" then element.replace(element.children)
      else element.remove
      end
    end

    # Whether the link shows something that is not exported: another order of a table.
    def changed?(target, link)
      target.page? && URI.decode_www_form(URI.parse(link).query.to_s).to_h.except(*target.parameters.keys).any?
    end

    def rewrite_charts
      document.css("[data-sources]").each do |element|
        element["data-sources"] = JSON.parse(element["data-sources"]).map { |source| file_of(source) }.to_json
      end
      document.css("[data-source]").each do |element|
        source = SiteExport::Address.parse(element["data-source"])
        element["data-variants"] = variants(source).to_json if source.parameters.key?("group")
        element["data-source"] = file_of(source)
      end
    end

    # The files of the chart of versions for each choice.
    def variants(source)
      RANGES.keys.product(GROUPS).to_h do |range, group|
        # A release's age does not depend on the range.
        dates = source.path.start_with?("/api/chart/") ? { from: RANGES[range] && (Date.current - RANGES[range] + 1).iso8601 } : {}
        [ "#{range}/#{group}", file_of(source.with(group:, **dates)) ]
      end
    end

    def file_of(source)
      source = SiteExport::Address.parse(source) if source.is_a?(String)
      export.add(source) or raise SiteExport::Refused, "#{address} has a chart of #{source}, which can't be exported"
      source.from(address)
    end

    # Badges and charts for READMEs have whole addresses.
    def rewrite_snippets
      document.css("pre.command code").each do |code|
        code.content = code.content.gsub(SNIPPET) do
          whole, target = Regexp.last_match(0), SiteExport::Address.parse(Regexp.last_match(1))
          target && (target.eql?(address) || !target.page?) && export.add(target) ? export.public_url(target) : whole
        end
      end
    end

    def add_note
      note = document.create_element("p", "A copy of #{Time.current.utc.strftime("%Y-%m-%d %H:%M")}. Its tables show the 90 days before.")
      document.at_css("footer.site-foot")&.prepend_child(note)
    end
end
