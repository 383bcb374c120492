# The origins whose pages may show the dashboard in a frame: those of STATS_TRACKER_FRAME_ANCESTORS, by default none. A page
# that frames the dashboard could lay its own buttons over it.
module FrameAncestors
  # A scheme, a host, and where it is not the scheme's own a port. Browsers take no IPv6 address here. `*.` is any subdomain.
  LABEL = /[a-z0-9]([a-z0-9_-]*[a-z0-9])?/i
  ORIGIN = %r{\Ahttps?://(\*\.)?#{LABEL}(\.#{LABEL})*(:(?<port>[0-9]{1,5}))?\z}i

  def self.allowed(text)
    origins = text.to_s.split
    wrong = origins.find { |origin| !origin?(origin) }
    wrong and raise ArgumentError, "STATS_TRACKER_FRAME_ANCESTORS holds #{wrong}, which is no origin: " \
      "http://127.0.0.1:4000 or https://talk.example.org, several separated by spaces, without a path"
    origins
  end

  def self.origin?(text)
    match = ORIGIN.match(text)
    match.present? && (match[:port].nil? || match[:port].to_i.between?(1, 65_535))
  end
end
