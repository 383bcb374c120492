# A badge's SVG. It has no style sheet, no script and no other resource, so that it is the same in every viewer.
class Badge::Picture
  # Heights, paddings and letter spacing are in pixels. `textLength` makes the text as wide in a font with other widths.
  Look = Data.define(:height, :radius, :padding, :size, :spacing, :capitals, :shaded) do
    def baseline = (height + size * 0.73) / 2
  end

  LOOKS = {
    "flat" => Look.new(height: 20, radius: 3, padding: 6, size: 11, spacing: 0, capitals: false, shaded: true),
    "flat-square" => Look.new(height: 20, radius: 0, padding: 6, size: 11, spacing: 0, capitals: false, shaded: false),
    "for-the-badge" => Look.new(height: 28, radius: 0, padding: 10, size: 10, spacing: 1.25, capitals: true, shaded: false)
  }.freeze

  # Text on each of them has a contrast of at least 4.5.
  COLOURS = { "blue" => "#0969da", "lightgrey" => "#6e7781" }.freeze
  LABEL_COLOUR = "#3d444d"

  def initialize(label, message, color, style)
    @look = LOOKS.fetch(style)
    @label, @message = [ label, message ].map { |text| @look.capitals ? text.upcase : text }
    @title = escape("#{label}: #{message}")
    @color = COLOURS.fetch(color)
  end

  def to_svg
    label_width, message_width = text_width(@label), text_width(@message, bold: bold?)
    left, right = [ label_width, message_width ].map { |width| (width + 2 * @look.padding).round }
    size = %(height="#{@look.height}")
    <<~SVG
      <svg xmlns="http://www.w3.org/2000/svg" width="#{left + right}" #{size} role="img" aria-label="#{@title}">
        <title>#{@title}</title>
        #{shading}<clipPath id="round"><rect width="#{left + right}" #{size} rx="#{@look.radius}"/></clipPath>
        <g clip-path="url(#round)">
          <rect width="#{left}" #{size} fill="#{LABEL_COLOUR}"/>
          <rect x="#{left}" width="#{right}" #{size} fill="#{@color}"/>
          #{%(<rect width="#{left + right}" #{size} fill="url(#shade)"/>) if @look.shaded}
        </g>
        <g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="#{@look.size}">
          #{words @label, left / 2.0, label_width}
          #{words @message, left + right / 2.0, message_width, bold: bold?}
        </g>
      </svg>
    SVG
  end

  private
    def bold?
      @look.capitals
    end

    def shading
      return unless @look.shaded

      %(<linearGradient id="shade" x2="0" y2="100%"><stop offset="0" stop-color="#bbb" stop-opacity=".1"/><stop offset="1" stop-opacity=".1"/></linearGradient>)
    end

    def words(text, middle, width, bold: false)
      at = %(x="#{middle.round(1)}" textLength="#{width.round(1)}")
      shadow = %(<text #{at} y="#{(@look.baseline + 1).round(1)}" fill="#010101" fill-opacity=".3" aria-hidden="true">#{escape(text)}</text>) if @look.shaded
      %(#{shadow}<text #{at} y="#{@look.baseline.round(1)}"#{' font-weight="bold"' if bold}>#{escape(text)}</text>)
    end

    def text_width(text, bold: false)
      TextWidth.of(text, @look.size, bold:) + text.length * @look.spacing
    end

    def escape(text)
      ERB::Util.html_escape(text)
    end
end
