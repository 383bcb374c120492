# A figure as a picture for READMEs: a label and a message.
class Badge
  # The styles of https://shields.io that have text only.
  STYLES = %w[flat flat-square for-the-badge].freeze

  MAX_LABEL_LENGTH = 40

  attr_reader :label, :message

  # +message+ is nil where it is not known.
  def initialize(message, label: nil, default_label: "downloads", stand_in: false)
    @label = [ text(label) || default_label, ("(stand-in)" if stand_in) ].compact.join(" ")
    @message = text(message) || "unknown"
    @known = message.present?
  end

  def color
    @known ? "blue" : "lightgrey"
  end

  # The format of https://shields.io/badges/endpoint-badge.
  def as_json(*)
    { schemaVersion: 1, label:, message:, color:, isError: !@known }
  end

  def to_svg(style = "flat")
    Badge::Picture.new(label, message, color, style).to_svg
  end

  private
    def text(text)
      XmlText.clean(text).presence&.first(MAX_LABEL_LENGTH)
    end
end
