require "csv"

# A file with totals from elsewhere: rows of a date, a package and its total, as CSV or JSON.
#
#     date,package,total
#     2026-05-10,charts/flagger,14360
#
# A row that is wrong is an error with its place; nothing is guessed. The file is not stored.
class TotalsFile
  # The file as a whole can't be used.
  class Refused < StandardError; end

  # In bytes, and rows. They are checked in memory, all before the first one is stored: larger histories come in several files.
  MAX_SIZE = 128.megabytes
  MAX_ROWS = 1_000_000

  # Errors that are named; the others are counted.
  MAX_ERRORS = 20

  # Bytes. The longest value is a package's name of 255.
  MAX_FIELD = 4096

  COLUMNS = %w[date package total].freeze
  EARLIEST = Date.new(1970)

  # +totals+: package → date → total. +duplicates+: the number of rows that repeat another one.
  attr_reader :totals, :errors, :rows, :duplicates

  def initialize(path, source:)
    @path, @source = path, source
    @totals, @errors, @rows, @duplicates, @errors_left_out = Hash.new { |all, name| all[name] = {} }, [], 0, 0, 0
    # One date for all rows, also at midnight.
    @today = Date.current
    File.directory?(path) and raise Errno::EISDIR, path
    size = File.size(path)
    size.zero? and refuse "is empty"
    size > MAX_SIZE and refuse "has #{size.to_fs(:delimited)} bytes, and at most #{MAX_SIZE.to_fs(:delimited)} are read: split it"
    File.extname(path).casecmp?(".json") ? read_json : read_csv
    @rows.zero? and refuse "has no rows"
  end

  # One line for each of the first errors, and one for the rest.
  def error_lines
    errors + (@errors_left_out.positive? ? [ "#{@errors_left_out.to_fs(:delimited)} more" ] : [])
  end

  private
    def read_csv
      # A number that was cut is still a number.
      File.open(@path, "rb") { |file| file.seek(-1, IO::SEEK_END) && file.read == "\n" } or
        refuse "ends within a line: it may be cut. If it is whole, end it with a line break"
      number = 1
      CSV.foreach(@path, "r:BOM|UTF-8", headers: true, header_converters: ->(name) { name.to_s.strip.downcase }, max_field_size: MAX_FIELD) do |row|
        number == 1 && check_columns(row.headers)
        number += 1
        take("line #{number}", row.to_h)
      end
    rescue CSV::MalformedCSVError, ArgumentError, EncodingError => error
      refuse "is no CSV in UTF-8: #{error.message.scrub.truncate(200)}"
    end

    def check_columns(headers)
      missing = COLUMNS - headers.compact
      missing.empty? or refuse "has no column #{missing.to_sentence}: its first line names the columns, as in date,package,total"
    end

    def read_json
      document = JSON.parse(File.read(@path, mode: "r:BOM|UTF-8"), max_nesting: 4)
      document, source = document.values_at("days", "source") if document.is_a?(Hash)
      document.is_a?(Array) or refuse "has no list: it is [{\"date\":…,\"package\":…,\"total\":…}], also as the value of \"days\""
      document.each.with_index(1) { |row, number| take("row #{number}", row.is_a?(Hash) ? { "source" => source, **row } : nil) }
    rescue JSON::ParserError, EncodingError => error
      refuse "is no JSON in UTF-8: #{error.message.scrub.truncate(200)}"
    end

    def take(place, row)
      (@rows += 1) <= MAX_ROWS or refuse "has more than #{MAX_ROWS.to_fs(:delimited)} rows: split it"
      row or raise ArgumentError, "is no object"
      check_source row["source"]
      date, name, total = date_of(row["date"]), name_of(row["package"]), total_of(row["total"])
      of_package = @totals[name]
      case of_package[date]
      when nil then of_package[date] = total
      when total then @duplicates += 1
      else raise ArgumentError, "#{name} already has the total #{of_package[date]} on #{date}, and not #{total}"
      end
    rescue ArgumentError => error
      error place, error.message
    end

    # Invented figures never mix with real ones.
    def check_source(source)
      source.blank? || source == @source or
        refuse "has figures of #{source.to_s.scrub.truncate(60).inspect}, and the organisation's come from #{@source}"
    end

    def date_of(value)
      date = Date.iso8601(value) if value.is_a?(String) && value.match?(Component::Contract::DATE)
      date or raise ArgumentError, "#{shown(value)} is no date such as 2026-05-10"
      date <= @today or raise ArgumentError, "#{date} is in the future"
      date >= EARLIEST or raise ArgumentError, "#{date} is before #{EARLIEST}"
      date
    rescue Date::Error
      raise ArgumentError, "#{shown(value)} is no date such as 2026-05-10"
    end

    def name_of(value)
      valid = value.is_a?(String) && value.valid_encoding? && value.length <= Component::Contract::MAX_NAME_LENGTH
      valid && value.match?(Component::Contract::PACKAGE_NAME) or raise ArgumentError, "#{shown(value)} is no name of a package"
      value
    end

    def total_of(value)
      value = value.to_i if value.is_a?(String) && value.match?(/\A\d{1,30}\z/)
      value.is_a?(Integer) && !value.negative? or raise ArgumentError, "#{shown(value)} is no total: digits alone; a row without one is left out"
      value <= Component::Contract::MAX_COUNT or raise ArgumentError, "the total #{value.to_s.truncate(40)} has more than 63 bits"
      value
    end

    def shown(value)
      value.nil? ? "nothing" : value.to_s.scrub.truncate(60).inspect
    end

    def error(place, message)
      @errors.size < MAX_ERRORS ? @errors << "#{place}: #{message}" : @errors_left_out += 1
    end

    def refuse(how)
      raise Refused, "#{@path} #{how}"
    end
end
