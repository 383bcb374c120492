# The paths of all routes, for an organisation and a package, so that tests cover new routes without a change.
module EveryPath
  def every_path(org:, package:)
    Rails.application.routes.routes.select { |route| route.verb == "GET" && !route.internal && route.defaults[:controller] }.flat_map do |route|
      pattern = route.path.spec.to_s
      formats = %w[json csv svg atom].select { |format| route.requirements[:format].is_a?(Regexp) && route.requirements[:format].match?(format) }
      # This one has its subjects in its parameters.
      pattern += "?packages[]=#{ERB::Util.url_encode("#{org}/#{package}")}" if pattern == "/compare.:format"
      address = pattern.sub("/*name", "/#{ERB::Util.url_encode(package)}").sub("/:org", "/#{org}").delete("()")
      formats.any? ? formats.map { |format| address.sub(".:format", ".#{format}") } : [ address ]
    end
  end
end
