# DATABASE_URL is looked at before anything connects: what is wrong with it is one sentence and no trace, whichever
# program starts.
require "uri"

module DatabaseUrl
  SCHEMES = %w[sqlite3 postgresql postgres].freeze

  # What is wrong with it; nil where nothing is. Its password is never repeated.
  def self.wrong(text)
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

if (wrong = DatabaseUrl.wrong(ENV["DATABASE_URL"]))
  warn "#{wrong}; it is sqlite3:/absolute/file or postgresql://user:password@host/database"
  exit 64
end
