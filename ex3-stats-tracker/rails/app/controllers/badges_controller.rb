# A package's or an organisation's total, as SVG or for shields.io.
class BadgesController < ProgramsController
  # Image proxies, such as GitHub's camo, fetch the badge again after it.
  before_action { expires_in 5.minutes, public: true }

  def show
    subject = params.key?(:name) ? package : org
    present Badge.new(subject.total, label: label, stand_in: org.stand_in?), :ok
  rescue ActiveRecord::RecordNotFound
    # Also a picture: an <img> shows nothing else.
    present Badge.new(nil, label: label), :not_found
  end

  private
    # An image proxy makes the requests of all its users, and a badge costs little.
    def unlimited?
      true
    end

    def label
      text(:label).gsub(/[[:cntrl:]]/, " ")
    end

    def present(badge, status)
      respond_to do |format|
        format.svg do
          # Opened by itself an SVG is a document. It needs no resource.
          headers["Content-Security-Policy"] = "default-src 'none'"
          render plain: badge.to_svg, content_type: "image/svg+xml", status:
        end
        format.json { render json: badge, status: }
      end
    end
end
