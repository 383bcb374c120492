# The dashboard as files, for a web server that can only send files, such as a project's Pages.
#
# Each page is the one that the dashboard itself answers with, and so is each file that a page links to: the application is
# asked as a web server would ask it. Links become relative, so that the files work below any path. What needs a server is
# taken out: comparing, filtering, sorting, and the tables of other ranges than the first one. The charts load their data
# from files.
class SiteExport
  # A page that can't be exported, or a directory that is not to be replaced. The message has the next step.
  class Refused < StandardError; end

  # The most rows of one answer of a list.
  ROWS = Api::TableController::LIMIT.max

  # The host of the requests, which is always allowed. HTTPS: the dashboard may be set to redirect to it.
  BASE = "https://localhost"

  Result = Data.define(:files, :bytes)

  # +url+: the public address of the files, for what needs whole addresses; nil where it is not known. +progress+ is called
  # with the numbers of written and of known files.
  def initialize(directory, url: nil, progress: ->(_, _) {})
    @target = Target.new(directory)
    @url, @progress = url&.chomp("/"), progress
  end

  # Raises Refused, and SystemCallError where a file can't be written. Then the directory is as before.
  def run
    @target.replace do |directory|
      @directory, @queue, @known, @bytes = directory, [], Set.new, 0
      add Address.parse("/")
      write_next until @queue.empty?
      # GitHub Pages leaves out some files otherwise.
      write ".nojekyll", ""
      Result.new(files: @known.size, bytes: @bytes)
    end
  end

  # The address as one of a file, or nil where it is not exported. The file is written, too.
  def add(address)
    return unless address&.exported?(with_url: @url.present?)

    @queue << address if @known.add?(address)
    address
  end

  # The public address of a file, or one that has to be completed.
  def public_url(address)
    "#{@url || "https://OWNER.github.io/REPOSITORY"}/#{address.link}"
  end

  private
    def write_next
      address = @queue.shift
      write address.file, content(address)
      @progress.call(@known.size - @queue.size, @known.size)
    end

    def content(address)
      return Rails.public_path.join(address.file).binread if address.asset?
      return list(address) if address.list?

      status, headers, body = get(address.to_s)
      if status == 302
        Page.redirect(address, add(Address.parse(headers["location"].delete_prefix(BASE))))
      elsif status != 200
        raise Refused, "#{address} answered #{status}"
      elsif address.page? then Page.new(self, address, body).to_html
      elsif address.file.end_with?(".atom") then absolute(body)
      else body
      end
    end

    # All rows of a list, whose answers are limited.
    def list(address)
      path = "#{address}?limit=#{ROWS}"
      answers = []
      while path
        status, headers, body = get(path)
        status == 200 or raise Refused, "#{path} answered #{status}"
        answers << body
        path = headers["link"].to_s[/<(.*?)>; rel="next"/, 1]
      end
      address.file.end_with?(".csv") ? [ answers.first, *answers.drop(1).map { |csv| csv.lines.drop(1).join } ].join : joined(answers)
    end

    def joined(answers)
      return answers.first if answers.one?

      answers = answers.map { |answer| JSON.parse(answer) }
      rows = answers.first.keys.find { |key| answers.first[key].is_a?(Array) }
      JSON.generate(answers.first.merge(rows => answers.flat_map { |answer| answer[rows] }))
    end

    # A feed with the public addresses of its pages.
    def absolute(text)
      text.gsub(%r{#{BASE}(/[^\s"<>]*)}o) { (address = add(Address.parse(CGI.unescapeHTML(Regexp.last_match(1))))) ? CGI.escapeHTML(public_url(address)) : @url }
    end

    def get(path)
      # A package may be called x.json: without Accept its page would be asked for as JSON.
      environment = Rack::MockRequest.env_for("#{BASE}#{path}", "HTTP_HOST" => "localhost", "REMOTE_ADDR" => "127.0.0.1",
        "HTTP_ACCEPT" => Address.parse(path).page? ? "text/html" : "*/*")
      status, headers, body = Rails.application.call(environment)
      text = +""
      body.each { |part| text << part }
      [ status, headers, text.force_encoding(Encoding::UTF_8) ]
    ensure
      body&.close if body.respond_to?(:close)
    end

    def write(file, content)
      path = @directory.join(file)
      path.exist? and raise Refused, "two pages would be the file #{file}"
      path.dirname.mkpath
      path.binwrite(content)
      @bytes += content.bytesize
    rescue Errno::EEXIST, Errno::ENOTDIR
      raise Refused, "#{file} would be a file and a directory"
    end
end
