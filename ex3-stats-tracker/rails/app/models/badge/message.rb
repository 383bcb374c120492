# The figures that a badge can show of a package or an organisation. Each is a text, or nil where it is not known.
module Badge::Message
  SPANS = { "month" => 30, "week" => 7, "day" => 1 }.freeze
  NAMES = [ "total", *SPANS.keys, "version" ].freeze

  # How much later than daily a collection may be.
  DELAY = 2.hours

  # +exact+: all digits instead of three.
  def self.of(subject, name, exact: false)
    case name
    when "total" then subject.total && number(subject.total, exact)
    when "version" then subject.versions.newest_release
    else downloads_in(subject, name, exact)
    end
  end

  # As shields.io writes it: "14.4K/week". The period ends with the last reading. It has to overlap the same period until
  # now: otherwise the badge would show downloads of another one. A total that fell says nothing about downloads.
  def self.downloads_in(subject, name, exact)
    days = SPANS.fetch(name)
    growth = subject.growth(days)
    return if growth.nil? || growth.negative? || Clock.ahead?(subject.measured_at) || subject.measured_at < (days.days + DELAY).ago

    "#{number(growth, exact)}/#{name}"
  end
  private_class_method :downloads_in

  def self.number(number, exact)
    exact ? number.to_fs(:delimited) : ShortNumber.format(number)
  end
  private_class_method :number
end
