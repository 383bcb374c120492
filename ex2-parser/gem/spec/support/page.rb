# frozen_string_literal: true

# Package pages with the parts of GitHub's markup that the parser reads.
module Page
  LAST_DAY = Date.new(2026, 5, 10)

  def self.package(total: 14_360, counts: (1..30).to_a)
    bars = counts.each_with_index.map do |count, days|
      "<rect data-date=\"#{LAST_DAY - days}\" data-merge-count=\"#{count}\"></rect>"
    end
    <<~HTML
      <!DOCTYPE html>
      <html><body>
      <div aria-label="Downloads for the last 30 days"><svg>#{bars.join}</svg></div>
      <span>Total downloads</span>
      <h3 title="#{total}">14.4K</h3>
      </body></html>
    HTML
  end

  # Pages without counts, and the class of their exception.
  def self.refused
    {
      "" => GhcrPage::NotAPackagePage,
      "<html><body>Sign in to GitHub</body></html>" => GhcrPage::NotAPackagePage,
      package[0, 200] => GhcrPage::Truncated,
      "x" * (9 << 20) => GhcrPage::TooLarge,
      package.encode("UTF-16") => GhcrPage::NotUtf8,
      package.sub("h3 title", "h4 title") => GhcrPage::MarkupChanged
    }
  end
end
