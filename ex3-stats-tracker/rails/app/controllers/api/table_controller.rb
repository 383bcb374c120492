# A list as JSON or CSV, in pages. The Link header has the next page. It is a keyset pagination: the URL names the last row
# of this page, not an offset, so that it stays right while rows are added.
class Api::TableController < ProgramsController
  LIMIT = 1..10_000
  DEFAULT_LIMIT = 1_000

  # The keys: one or two columns that order the list and are unique together within it.
  class_attribute :keys, :columns

  # +columns+: name → a method of the record, or a proc that takes the record.
  def self.table(keys:, columns:)
    self.keys = Array(keys)
    self.columns = columns.transform_values(&:to_proc)
  end

  def index
    return unless changed?(state)

    records = page
    respond_to do |format|
      format.json { render json: as_text(envelope.merge(name_of_list => records.map { |record| plain(json_row(record)) })) }
      format.csv do
        csv Spreadsheet.csv([ *envelope.keys, *columns.keys ], records.map { |record| [ *envelope.values, *row(record).values ] })
      end
    end
  end

  private
    # Whether the client has another answer than the present one. It is known before the rows are read. +state+ changes with
    # each of them; a new program may also have other columns.
    def changed?(state)
      stale?(etag: [ request.fullpath, columns.keys, state ])
    end

    # The records and values that change whenever the list does: every stored reading or failure changes `updated_at` of its
    # package.
    def state
      package
    end

    # The state of an organisation's list of packages.
    def packages_state
      [ org, org.packages.maximum(:updated_at)&.iso8601(6) ]
    end

    def page
      limit = number(:limit, LIMIT, DEFAULT_LIMIT)
      records = continued(relation.reorder(*keys)).limit(limit + 1).to_a
      link records[limit - 1] if records.size > limit
      records.first(limit)
    end

    # The rows after the one that the parameter +after+ names.
    def continued(relation)
      return relation unless params.key?(:after)
      values = text(:after).split(",", keys.size)
      values.size == keys.size or raise BadParameter, "after is what a Link header says"
      columns = keys.map { |key| relation.arel_table[key] }
      values = keys.zip(values).map { |key, value| key_from(key, value) }
      relation.where([ *0...keys.size ].map { |index|
        columns.first(index).zip(values).map { |column, value| column.eq(value) }.push(columns[index].gt(values[index])).reduce(:and)
      }.reduce(:or))
    end

    def key_from(key, text)
      type = relation.model.type_for_attribute(key.to_s).type
      case type
      when :datetime then Time.iso8601(text)
      when :date then Date.iso8601(text)
      when :integer then Integer(text, 10).tap { |number| Component::Contract::MAX_COUNT >= number.abs or raise ArgumentError }
      else text
      end
    rescue ArgumentError
      raise BadParameter, "after is what a Link header says"
    end

    def link(last)
      after = keys.map { |key| (value = last[key]).respond_to?(:iso8601) && !value.is_a?(Date) ? value.utc.iso8601(6) : value }.join(",")
      query = request.query_parameters.merge("after" => after).to_query
      headers["Link"] = %(<#{request.path}?#{query}>; rel="next")
    end

    def row(record)
      columns.transform_values { |value| value.call(record) }
    end

    # A row as JSON. A controller may add values that no CSV cell can hold.
    def json_row(record)
      row(record)
    end

    # A row in JSON's own types. Only other values are converted: `as_json` for each of some thousand numbers is slow.
    def plain(row)
      row.transform_values do |value|
        case value
        when Integer, String, Array, true, false, nil then value
        else value.as_json
        end
      end
    end

    # JSON with the characters escaped that are special in HTML, as +to_json+ does.
    def as_text(plain)
      ERB::Util.json_escape(JSON.generate(plain))
    end

    # The values that all rows have in common.
    def envelope
      { org: org.name, source: org.source }
    end

    def name_of_list
      controller_name.to_sym
    end

    # The rows between +from+ and +until+, both included.
    def between_dates(relation, column, time: false)
      first, last = dates
      first, last = first&.beginning_of_day, last&.end_of_day if time
      relation.where(column => first..last)
    end
end
