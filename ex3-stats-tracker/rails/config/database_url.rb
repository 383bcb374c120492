# Checks DATABASE_URL before any connection: an error is one line without a backtrace, in the web server and in each task.
require "uri"

module DatabaseUrl
  SCHEMES = %w[sqlite3 postgresql postgres].freeze

  # An error message, which never contains the password; nil for a valid URL.
  def self.error_in(text)
    return if text.nil? || text.empty?

    uri = URI.parse(text)
    if !SCHEMES.include?(uri.scheme)
      "DATABASE_URL begins with sqlite3: or postgresql:, not with #{uri.scheme ? "#{uri.scheme}:" : "anything of that kind"}"
    elsif uri.scheme == "sqlite3" ? uri.opaque.to_s.empty? && uri.path.to_s.delete_prefix("/").empty? : uri.path.to_s.delete_prefix("/").empty?
      "DATABASE_URL names no database"
    end
  rescue URI::Error
    "DATABASE_URL is no address: what it holds of / @ : ? # % and spaces in a name or password is written as %2F, %40 and so on"
  end
end

if (error = DatabaseUrl.error_in(ENV["DATABASE_URL"]))
  warn "#{error}; it is sqlite3:/absolute/file or postgresql://user:password@host/database"
  exit 64
end
