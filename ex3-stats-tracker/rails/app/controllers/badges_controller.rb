# A figure of a package or an organisation, as SVG or for shields.io.
class BadgesController < ProgramsController
  # Image proxies, such as GitHub's camo, fetch the badge again after it.
  before_action { expires_in 5.minutes, public: true }

  def show
    subject = params.key?(:name) ? package : org
    message = Badge::Message.of(subject, figure, exact: choice(:numbers, %w[short exact]) == "exact")
    present badge(message, stand_in: org.stand_in?), :ok
  rescue ActiveRecord::RecordNotFound
    # Also a picture: an <img> shows nothing else.
    present badge(nil), :not_found
  end

  private
    # An image proxy makes the requests of all its users, and a badge costs little.
    def unlimited?
      true
    end

    def figure
      choice(:show, Badge::Message::NAMES).tap do |name|
        name == "version" && !params.key?(:name) and raise BadParameter, "an organisation has no version"
      end
    end

    def badge(message, stand_in: false)
      Badge.new(message, label: text(:label).gsub(/[[:cntrl:]]/, " "), default_label: figure == "version" ? "version" : "downloads", stand_in:)
    end

    def present(badge, status)
      style = choice(:style, Badge::STYLES)
      respond_to do |format|
        format.svg { picture badge.to_svg(style), status: }
        format.json { render json: badge, status: }
      end
    end
end
