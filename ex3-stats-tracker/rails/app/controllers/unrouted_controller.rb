# The answer to what no other route takes: an unknown path, or another method than a path has.
class UnroutedController < ProgramsController
  METHODS = "GET, HEAD, OPTIONS"

  # The beginnings of the paths for programs. All others are pages.
  PROGRAMS = %w[/api /badges /charts /feeds /metrics /healthz /readyz /up].freeze

  # A browser may keep the answer to its preflight request for a day.
  PREFLIGHT_SECONDS = 86_400

  # Nothing is written.
  skip_forgery_protection

  def answer
    if !known_path? then not_found
    elsif request.options? then options
    else
      headers["Allow"] = METHODS
      problem :method_not_allowed, "this path has the methods #{METHODS}"
    end
  end

  private
    def known_path?
      Rails.application.routes.recognize_path(request.path, method: :get)[:controller] != controller_path
    rescue ActionController::RoutingError, ActionController::BadRequest
      false
    end

    def options
      headers["Allow"] = METHODS
      headers["Access-Control-Allow-Methods"] = METHODS
      headers["Access-Control-Allow-Headers"] = "If-None-Match"
      headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS.to_s
      head :no_content
    end

    def not_found
      if request.path.match?(%r{\A(#{Regexp.union(PROGRAMS)})([/.]|\z)}o)
        problem :not_found, "there is no such path"
      else
        no_store
        render file: Rails.public_path.join("404.html"), layout: false, content_type: "text/html", status: :not_found
      end
    end
end
