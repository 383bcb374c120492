# The view of a page, as its address has it: which days, in which unit and scale, which marks, and how its lists are filtered,
# sorted and grouped. So the browser's back button works, and a shared link shows the same.
#
# Each parameter has a default, which no link has. A wrong value is the default. app/javascript/view-state.js changes the view
# without a page load.
class ViewState
  # The number of days shown, up to the last one; nil: all of them.
  RANGES = { "30d" => 30, "90d" => 90, "1y" => 365, "all" => nil }.freeze
  SCALES = %w[linear log].freeze
  UNITS = %w[day week month].freeze
  DIRECTIONS = %w[asc desc].freeze

  # The parameters with one of these values. The first one is the default.
  CHOICES = {
    "range" => %w[90d 30d 1y all], "scale" => SCALES, "releases" => %w[on off],
    # The packages of an organisation.
    "state" => %w[listed failing gone], "sort" => %w[total name day week month read],
    # A package's versions.
    "group" => Version::Tags::GROUPS, "measure" => %w[count share], "adoption" => %w[share count], "attached" => %w[on off],
    "versions_sort" => VersionDownloads::SORTS.keys, "versions_direction" => DIRECTIONS.reverse
  }.freeze
  DEFAULTS = CHOICES.transform_values(&:first).freeze

  # The parameters without a default, or with one that depends on others.
  OTHERS = %w[from until unit q direction page versions_page packages].freeze

  # What a link to another page takes along: the charts of all pages have it.
  COMMON = %w[range from until unit scale releases].freeze
  PAGES = %w[page versions_page].freeze

  MAX_FILTER_LENGTH = 100
  # Outside of these years SQLite and PostgreSQL compare dates differently.
  DATES = Date.new(1970)..Date.new(2200)

  # +params+: those of the request.
  def initialize(params)
    @params = params
    @values = [ *CHOICES.keys, *OTHERS ].to_h { |name| [ name, value(name) ] }
    @values.merge!("from" => nil, "until" => nil) if last < (from || DATES.begin)
    # Given days count more than a range.
    @values["range"] = nil if bounded?
  end

  # The value of a parameter; its default where the address has none.
  def [](name)
    @values.fetch(name.to_s) || (DEFAULTS[name.to_s] unless name.to_s == "range" && bounded?)
  end

  # The parameters for a link to the same view.
  def to_h
    @values.compact.symbolize_keys
  end

  # Those for a link to another view of this page. A list begins again with its first page.
  def with(changes)
    ViewState.new(to_h.except(*PAGES.map(&:to_sym)).merge(changes).compact.stringify_keys.transform_values(&:to_s)).to_h
  end

  # Those for a link to another page.
  def common
    to_h.slice(*COMMON.map(&:to_sym))
  end

  # The days shown as parameters, also where they are the default.
  def period
    bounded? ? { from: @values["from"], until: @values["until"] }.compact : { range: @values["range"] || DEFAULTS["range"] }
  end

  # Whether the address has days instead of a range.
  def bounded?
    (from || self.until).present?
  end

  def from
    date("from")
  end

  def until
    date("until")
  end

  # The last day shown.
  def last
    [ self.until, Date.current ].compact.min
  end

  # The first day shown; nil for the first one that is stored.
  def first
    return from if bounded?

    days = RANGES[self["range"]]
    last - days + 1 if days
  end

  # The number of the page of a list.
  def page(name = "page")
    @values[name.to_s].to_i.clamp(1..)
  end

  private
    def value(name)
      text = @params[name]
      return unless text.is_a?(String)
      return (text if CHOICES[name].include?(text) && text != DEFAULTS[name]) if CHOICES.key?(name)

      case name
      when "from", "until" then day(text)
      when "unit" then text if UNITS.include?(text)
      when "direction" then text if DIRECTIONS.include?(text)
      when "q" then text.scrub.delete("\0").strip.first(MAX_FILTER_LENGTH).presence
      when "page", "versions_page" then text if text.match?(/\A[1-9]\d{0,5}\z/) && text != "1"
      else text.scrub.delete("\0").presence
      end
    end

    def day(text)
      date = Date.iso8601(text) if text.match?(/\A\d{4}-\d\d-\d\d\z/)
      text if date && DATES.cover?(date)
    rescue Date::Error
      nil
    end

    def date(name)
      @values[name] && Date.iso8601(@values[name])
    end
end
