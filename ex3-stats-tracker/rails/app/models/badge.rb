# A total as a picture for READMEs.
class Badge
  HEIGHT = 20
  PADDING = 6

  MAX_LABEL_LENGTH = 40

  # The width of Verdana's characters at 11 pixels. Any other character counts as the widest.
  WIDTHS = { /[ijl.,:;'|!]/ => 3.9, /[ frtI()\-\/]/ => 4.8, /[mwMW%@]/ => 10.2, /[A-Z]/ => 7.9, /[ -~]/ => 6.9 }.freeze
  WIDEST = 11

  COLOURS = { "blue" => "#0969da", "lightgrey" => "#6e7781" }.freeze

  attr_reader :label, :message

  # +total+ is nil where it is not known.
  def initialize(total, label: nil, stand_in: false)
    @label = [ XmlText.clean(label).presence&.first(MAX_LABEL_LENGTH) || "downloads", ("(stand-in)" if stand_in) ].compact.join(" ")
    @known = total.present?
    @message = @known ? short(total) : "unknown"
  end

  def color
    @known ? "blue" : "lightgrey"
  end

  # The format of https://shields.io/badges/endpoint-badge.
  def as_json(*)
    { schemaVersion: 1, label:, message:, color:, isError: !@known }
  end

  def to_svg
    left, right = [ label, message ].map { |text| (width(text) + 2 * PADDING).ceil }
    title = ERB::Util.html_escape("#{label}: #{message}")
    <<~SVG
      <svg xmlns="http://www.w3.org/2000/svg" width="#{left + right}" height="#{HEIGHT}" role="img" aria-label="#{title}">
        <title>#{title}</title>
        <clipPath id="round"><rect width="#{left + right}" height="#{HEIGHT}" rx="3"/></clipPath>
        <g clip-path="url(#round)">
          <rect width="#{left}" height="#{HEIGHT}" fill="#3d444d"/>
          <rect x="#{left}" width="#{right}" height="#{HEIGHT}" fill="#{COLOURS.fetch(color)}"/>
        </g>
        <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">
          <text x="#{left / 2.0}" y="14">#{ERB::Util.html_escape(label)}</text>
          <text x="#{left + right / 2.0}" y="14">#{ERB::Util.html_escape(message)}</text>
        </g>
      </svg>
    SVG
  end

  private
    # Three digits, cut and not rounded: a badge never shows more than was counted.
    def short(total)
      power = [ ((total.to_s.size - 1) / 3), 6 ].min
      return total.to_s if power.zero?
      digits = 3 * (power + 1) - total.to_s.size
      number = total / 10**(3 * power - digits) / 10.0**digits
      "#{digits.zero? ? number.to_i : number.to_s.sub(/\.0\z/, "")}#{%w[k M B T P E][power - 1]}"
    end

    def width(text)
      text.each_char.sum { |character| WIDTHS.find { |pattern, _| pattern.match?(character) }&.last || WIDEST }
    end
end
