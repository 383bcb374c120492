# A chart as SVG, for a README, an issue or a slide: of an organisation, of a package, or of several packages.
class ChartPicturesController < ProgramsController
  DEFAULT_RANGE = "90d"

  rescue_from(Chart::Drawing::NotThere) { |error| problem :not_found, error.message }

  # Image proxies, such as GitHub's camo, fetch the picture again after it.
  before_action { expires_in 5.minutes, public: true }

  def show
    if params.key?(:name) then draw(Chart::Drawing::KINDS) { [ package ] }
    else draw(Chart::Drawing::ORG_KINDS) { [ org ] }
    end
  end

  def compare
    names = requested_names
    names.size.between?(1, Chart::Drawing::MAX_SUBJECTS) or raise BadParameter, "packages is a list of 1 to #{Chart::Drawing::MAX_SUBJECTS} packages, as in fluxcd/flagger,fluxcd/flux-cli"
    draw(Chart::Drawing::KINDS.without("versions")) { names.map { |name| find(name) } }
  end

  private
    def draw(kinds)
      kind, scale, theme = choice(:show, kinds), choice(:scale, ViewState::SCALES), choice(:theme, Chart::Picture::THEMES.keys)
      first, last = chart_dates(DEFAULT_RANGE)
      subjects = yield
      drawing = Chart::Drawing.new(subjects, kind:, first:, last:)
      key = [ "picture", *subjects, kind, scale, theme, drawing.dates, Date.current ]
      return unless stale?(etag: key, public: true)

      picture Rails.cache.fetch(key) { drawing.to_svg(logarithmic: scale == "log", theme:) }
    end

    # A list, as in the address of the page, or several parameters.
    def requested_names
      given = params[:packages]
      return text(:packages).split(",").map(&:strip).reject(&:empty?).uniq unless given.is_a?(Array)

      given.all? { |name| name.is_a?(String) && name.valid_encoding? && name.exclude?("\0") } or raise BadParameter, "packages is no text"
      given.uniq
    end

    # A package's name may contain slashes, an organisation's can't.
    def find(name)
      org, package = name.split("/", 2)
      Package.joins(:org).includes(:org).find_by!(name: package.to_s, org: { name: org.downcase })
    end
end
