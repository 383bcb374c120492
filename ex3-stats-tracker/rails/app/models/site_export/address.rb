# A path of the dashboard with its parameters, and the file that has its content. A file's name has the parameters after a
# tilde, which is in no package's name: charts/fluxcd~range-90d.svg.
class SiteExport::Address
  PAGE = %r{\A/(?:orgs/[^/]+(?:/packages/.+)?)?\z}
  LIST = %r{\A/api/(?:orgs|packages|versions|measurements|downloads|days|failures|collections)[./]}
  FORMATTED = %r{\A/(?:api|badges|charts|feeds)/.+\.(?:json|csv|svg|atom)\z}
  ASSET = %r{\A/(?:assets/[^/]+|icon\.svg)\z}

  # The parameters that choose another page. The others change what the scripts show, or need a server.
  PAGE_PARAMETERS = %w[state page].freeze

  # nil for an address elsewhere.
  def self.parse(text)
    uri = URI.parse(text.to_s)
    return if uri.scheme || uri.host || !uri.path.start_with?("/")

    new(uri.path, URI.decode_www_form(uri.query.to_s).to_h, uri.fragment)
  rescue URI::InvalidURIError, ArgumentError
    nil
  end

  attr_reader :path, :parameters, :fragment

  def initialize(path, parameters = {}, fragment = nil)
    @path, @fragment = path, fragment
    # The listed packages are the first page's.
    @parameters = (page? ? parameters.slice(*PAGE_PARAMETERS).reject { |name, value| name == "state" && value == "listed" } : parameters).sort.to_h
  end

  def page? = path.match?(PAGE)
  def asset? = path.match?(ASSET)
  def list? = path.match?(LIST) && parameters.empty?

  # Feeds need whole addresses.
  def exported?(with_url:)
    (page? || asset? || path.match?(FORMATTED) && (with_url || !path.start_with?("/feeds/"))) && segments.none? { |segment| [ ".", ".." ].include?(segment) }
  end

  # Relative to the exported directory.
  def file
    return File.join(*segments, *(choice unless choice.empty?), "index.html") if page?

    *directories, name = segments
    File.join(*directories, "#{name.delete_suffix(File.extname(name))}#{choice}#{File.extname(name)}")
  end

  # The file's path as a part of a URL.
  def link
    file.split("/").map { |segment| ERB::Util.url_encode(segment) }.join("/")
  end

  # The relative URL of this address in a page at +page+.
  def from(page)
    "#{"../" * page.file.count("/")}#{link}#{"##{fragment}" if fragment}"
  end

  # Other parameters of the same path.
  def with(**changes)
    self.class.new(path, parameters.merge(changes.stringify_keys).compact)
  end

  # What the application is asked for.
  def to_s
    parameters.empty? ? path : "#{path}?#{parameters.to_query}"
  end

  # Addresses of the same file are equal.
  def hash = file.hash
  def eql?(other) = other.is_a?(self.class) && file == other.file

  private
    # charts%2Fflagger means the same as charts/flagger.
    def segments
      CGI.unescapeURIComponent(path).split("/").reject(&:empty?)
    end

    def choice
      parameters.map { |name, value| "~#{name}-#{value}" }.join.gsub(/[^A-Za-z0-9~_.-]/) { |character| format("~%04x", character.ord) }
    end
end
