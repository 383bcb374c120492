# The parts of charts that the server renders: sparklines, tables, and links to other views.
module ChartsHelper
  RANGE_NAMES = { "30d" => "30 days", "90d" => "90 days", "1y" => "1 year", "all" => "All" }.freeze
  SCALE_NAMES = { "linear" => "Linear", "log" => "Log" }.freeze
  UNIT_NAMES = { "day" => "Day", "week" => "Week", "month" => "Month" }.freeze
  RELEASES_NAMES = { "on" => "Releases", "off" => "No marks" }.freeze

  SPARK_WIDTH = 124
  SPARK_HEIGHT = 28
  SPARK_DAYS = 30

  # This page's URL with other view parameters.
  def current_path_with(**changes)
    params = view_state.with(changes)
    params.empty? ? request.path : "#{request.path}?#{params.to_query}"
  end

  # Links to the values of a parameter of the view. view-state.js follows them without a page load.
  def segments(param, names, current = view_state[param], label:)
    tag.nav(class: "segments", id: "choose-#{param}", aria: { label: }, data: { part: true }) do
      safe_join(names.map { |value, name|
        link_to name, current_path_with(param.to_sym => value), data: { param:, value: }, aria: { current: (true if value == current) }
      })
    end
  end

  # A range replaces given days, and begins with the unit that fits it.
  def range_segments
    tag.nav(class: "segments", id: "choose-range", aria: { label: "Days shown" }, data: { part: true }) do
      safe_join(RANGE_NAMES.map { |value, name|
        link_to name, current_path_with(range: value, from: nil, until: nil, unit: nil),
          data: { param: "range", value:, days: ViewState::RANGES[value].to_s }, aria: { current: (true if value == view_state[:range]) }
      })
    end
  end

  # The parameters of the view in a form.
  def view_fields(params)
    safe_join(params.map { |name, value| hidden_field_tag name, value, id: nil })
  end

  # "2026-09-08", "2026-09-07 to 2026-09-13", or "2026-09".
  def bucket_name(bucket)
    whole_month = bucket.unit == "month" && bucket.first.end_of_month >= bucket.last
    return tag.time(bucket.first.strftime("%Y-%m"), datetime: bucket.first.strftime("%Y-%m")) if whole_month
    return day(bucket.first) if bucket.days == 1

    safe_join([ day(bucket.first), " to ", day(bucket.last), *(", #{bucket.days} days" unless bucket.known?) ])
  end

  def bucket_notes(bucket)
    return [] unless bucket.known?

    [
      ("#{bucket.known} of #{bucket.days} days known" if bucket.known < bucket.days),
      ("not over when it was read: still counting" if bucket.settled == false && bucket.last >= Date.current),
      ("read before a day was over" if bucket.settled == false && bucket.last < Date.current),
      ("without part of #{pluralize bucket.partial, "package"}" if bucket.partial.positive?)
    ].compact
  end

  # A column header that sorts by its column, or reverses the order where the table is already sorted by it.
  def sort_header(sort, name, html_class = "number")
    sorting_header(sort, name, html_class, parameters: %i[sort direction], anchor: "packages", first: OrganisationsController.first_direction(sort))
  end

  def version_sort_header(sort, name, html_class = "number")
    sorting_header(sort, name, html_class, parameters: %i[versions_sort versions_direction], anchor: "versions", first: "desc")
  end

  def sorting_header(sort, name, html_class, parameters:, anchor:, first:)
    direction = @sort == sort ? (%w[asc desc] - [ @direction ]).first : first
    order = { "asc" => "ascending", "desc" => "descending" }[@direction] if @sort == sort
    changes = parameters.zip([ sort, (direction unless direction == first) ]).to_h
    tag.th(link_to(name, "#{current_path_with(**changes)}##{anchor}", data: { swap: sort }),
      scope: "col", class: html_class, aria: { sort: order })
  end

  # The daily downloads of the last 30 days until today: a stroke for each, a dotted one for an unknown day, a pale one for
  # the day that was not over. The package may have been read earlier: `recent` ends with `recent_until`.
  def sparkline(package)
    return if package.recent.empty? || package.recent_until.nil?
    known = package.recent.each_with_index.to_h { |count, index| [ package.recent_until - (package.recent.size - 1 - index), count ] }
    days = (Date.current - SPARK_DAYS + 1)..Date.current
    counts = days.map { |date| known[date] }
    return if counts.compact.empty?
    unsettled = (package.recent_until - days.first).to_i
    most = counts.compact.max.to_i
    step = SPARK_WIDTH.fdiv(SPARK_DAYS)
    strokes = { settled: +"", counting: +"", missing: +"" }
    counts.each_with_index do |count, index|
      left = ((index + 0.5) * step).round(1)
      height = most.zero? || count.nil? ? 1 : [ (count * (SPARK_HEIGHT - 2)).fdiv(most), 1 ].max.round(1)
      kind = if count.nil? then :missing
      elsif index == unsettled then :counting
      else :settled
      end
      strokes[kind] << (count.nil? ? "M#{left} #{SPARK_HEIGHT}V4" : "M#{left} #{SPARK_HEIGHT}v-#{height}")
    end
    paths = strokes.reject { |_, path| path.empty? }.map { |kind, path| %(<path class="#{kind}" d="#{path}"/>) }.join
    missing = counts.count(&:nil?)
    label = "Downloads a day in the #{SPARK_DAYS} days to #{days.last}: " \
      "#{exact(counts.compact.min)} to #{exact(most)}#{", #{missing} unknown" if missing.positive?}"
    # html_safe: the text consists of numbers and of constants, never of a name from GitHub.
    %(<svg class="sparkline" viewBox="0 0 #{SPARK_WIDTH} #{SPARK_HEIGHT}" role="img" aria-label="#{label}" ) \
      .concat(%(stroke-width="3" fill="none">#{paths}</svg>)).html_safe
  end

  # The rows of a table of days, newest first, as ranges of dates: each day with data, and each gap between them as one
  # range. Where there is data before the table's first day, the table may begin with a gap.
  def listed_days(*columns)
    before, known = columns.flat_map(&:keys).uniq.sort.partition { |date| date < listed_days_range.begin }
    known.unshift(listed_days_range.begin.prev_day) if before.any?
    [ *known, listed_days_range.end.next_day ].each_cons(2).flat_map { |day, following|
      [ day..day, (day.next_day..following.prev_day if following > day.next_day) ]
    }.compact.drop(before.any? ? 1 : 0).reverse
  end

  # "2026-09-08", or "2026-09-08 to 2026-09-16, 9 days".
  def day_or_days(days)
    return day(days.first) if days.one?
    safe_join([ day(days.first), " to ", day(days.last), ", #{days.count} days" ])
  end
end
