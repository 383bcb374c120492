# The words of a notification: a title, and lines. Names and failures come from GitHub's pages: each receiver's form has
# its own way to keep them from being anything but text.
class Notification::Text
  include ActiveSupport::NumberHelper

  # More lines are counted only.
  MAX_EVENTS = 15

  # +escape+: called with each text that is not this application's own. +link+: called with a URL.
  def initialize(notification, escape: ->(text) { text }, link: ->(url) { url })
    @notification, @escape, @link = notification, escape, link
    @data = notification.data
  end

  # Without escaping: for a mail's subject, which is one line.
  def self.plain_title(notification)
    one_line(new(notification).title)
  end

  # Line breaks and other control characters as spaces. So a text can't begin a new line, nor a mail's header.
  def self.one_line(text)
    text.to_s.scrub("\u{FFFD}").gsub(/[[:cntrl:]\u{2028}\u{2029}]+/, " ")
  end

  def title
    "#{org}: #{headline}#{" (stand-in: invented)" if data["source"] == "stand-in"}"
  end

  def lines
    own = notification.kind == "summary" ? summary : events
    [ *own, (link.call(url) if url) ].compact
  end

  # The title and the lines, without those at the end that would make it longer than +limit+ characters.
  def to_s(limit: nil)
    text = [ title, *lines ].join("\n")
    return text if limit.nil? || text.length <= limit

    kept = lines
    kept.pop while kept.any? && [ title, *kept, "…" ].join("\n").length > limit
    [ title.truncate(limit - 2), *kept, "…" ].join("\n")
  end

  # The page of the dashboard that shows more; nil where its address is not set.
  def url
    base = Notification::Receiver.dashboard_url or return
    packages = events? ? data["events"].filter_map { |event| event["package"] }.uniq : []
    return base if notification.kind == "test"

    path = "/orgs/#{ERB::Util.url_encode(notification.org.name)}"
    packages.one? && data["events"].all? { |event| event["package"] } ? "#{base}#{path}/packages/#{ERB::Util.url_encode(packages.first)}" : "#{base}#{path}"
  end

  private
    attr_reader :notification, :data, :escape, :link

    def events?
      data.key?("events")
    end

    def org = name(notification.org.name)

    def name(text)
      escape.call(self.class.one_line(text).truncate(200))
    end

    def number(count)
      count.nil? ? "unknown" : number_to_delimited(count)
    end

    def count(number, noun)
      "#{number(number)} #{noun.pluralize(number)}"
    end

    def headline
      size = data["events"]&.size
      case notification.kind
      when "summary" then "#{data["downloads"] ? count(data["downloads"], "download") : "downloads not known"} in the week from #{data["week"]} until #{data["until"]}"
      when "release_downloads" then "#{count(size, "release")} with #{number(Notification::Findings::RELEASE_DOWNLOADS)} downloads"
      when "total_fell" then size == 1 ? "a total fell" : "#{number(size)} totals fell"
      when "package_gone" then "gone from GitHub"
      when "reading_failing" then "can't be read for a day"
      when "test" then "notifications reach this receiver"
      when "markup_changed" then "GitHub's page has changed, and can't be read"
      end
    end

    def events
      lines = data["events"].first(MAX_EVENTS).map { |event| "- #{event_line(event)}" }
      more = data["events"].size - lines.size
      more.positive? ? lines << "and #{number(more)} more" : lines
    end

    def event_line(event)
      what = event["package"] ? name(event["package"]) : org
      case notification.kind
      when "release_downloads" then "#{what} #{name(event["release"])}: #{count(event["downloads"], "download")}, first seen on #{event["first_seen"]}"
      when "total_fell" then "#{what}: from #{number(event["from"])} to #{number(event["to"])}"
      when "package_gone" then "#{what}: GitHub no longer lists it; its last total is #{number(event["total"])}"
      when "reading_failing" then "#{what}#{", the list of packages" unless event["package"]}: since #{event["since"]} (#{name(event["failure"])})"
      when "markup_changed" then "#{what}, #{ABOUT.fetch(event["about"], "the page")}: #{name(event["detail"])}"
      end
    end

    ABOUT = { "total" => "its total", "versions" => "its versions", "list" => "the list of packages" }.freeze
    private_constant :ABOUT

    def summary
      [ change, "Total: #{number(data["total"])}", most, new_releases,
        ("#{count(data["incomplete"], "package")} lack counts of the week" if data["incomplete"].positive?),
        ("#{count(data["failing"], "package")} can't be read" if data["failing"].positive?),
        ("#{count(data["gone"], "package")} gone" if data["gone"].positive?) ].compact
    end

    def change
      after, before = data.values_at("after", "before")
      return "The week before can't be compared" unless after && before

      difference = after - before
      percent = " (#{format("%+.1f %%", difference * 100.0 / before)})" if before.positive?
      words = difference.zero? ? "As many as in the week before" : "#{number(difference.abs)} #{difference.positive? ? "more" : "fewer"} than in the week before#{percent}"
      data["not_compared"].positive? ? "#{words}, without #{count(data["not_compared"], "package")} that can't be compared" : words
    end

    def most
      "Most: #{data["packages"].map { |package| "#{name(package["package"])} #{number(package["downloads"])}" }.join(", ")}" if data["packages"].any?
    end

    def new_releases
      "New releases: #{data["releases"].map { |release| "#{name(release["package"])} #{name(release["release"])}" }.join(", ")}" if data["releases"].any?
    end
end
