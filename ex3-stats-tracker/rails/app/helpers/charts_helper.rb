# What stands around the charts, and the small ones that need no script.
module ChartsHelper
  RANGE_NAMES = { "30d" => "30 days", "90d" => "90 days", "1y" => "1 year", "all" => "All" }.freeze
  SCALE_NAMES = { "linear" => "Linear", "log" => "Log" }.freeze

  SPARK_WIDTH = 124
  SPARK_HEIGHT = 28
  SPARK_DAYS = 30

  # The address of this page, looked at in another way.
  def looked_at(**changes)
    kept = looked_at_params.except("page", "versions_page").merge(changes.stringify_keys)
    kept.empty? ? request.path : "#{request.path}?#{kept.to_query}"
  end

  # The head of a column that sorts by it, and the other way round where it already does.
  def sort_header(sort, name, html_class = "number")
    direction = OrganisationsController.first_direction(sort)
    direction = (%w[asc desc] - [ @direction ]).first if @sort == sort
    order = { "asc" => "ascending", "desc" => "descending" }[@direction] if @sort == sort
    tag.th(link_to(name, "#{looked_at(sort:, direction:)}#packages", data: { swap: sort }),
      scope: "col", class: html_class, aria: { sort: order })
  end

  # Downloads a day of the last 30 days, whenever the package was read: a stroke for each, a dotted one where nobody
  # knows, a pale one for the day that was not over. `recent` ends with `recent_until`.
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
    # Every part of it is a number or made above: nothing that a stranger wrote.
    %(<svg class="sparkline" viewBox="0 0 #{SPARK_WIDTH} #{SPARK_HEIGHT}" role="img" aria-label="#{label}" ) \
      .concat(%(stroke-width="3" fill="none">#{paths}</svg>)).html_safe
  end

  # What a table lists, newest first: each day of which something is known, and each run of days between of which nothing
  # is, as ranges of days. +earlier+: something is known of before, so that a run may come first.
  def listed_days(*columns, earlier:)
    known = columns.flat_map(&:keys).uniq.sort
    known.unshift(first_listed_day.prev_day) if earlier
    [ *known, Date.current.next_day ].each_cons(2).flat_map { |day, following|
      [ day..day, (day.next_day..following.prev_day if following > day.next_day) ]
    }.compact.drop(earlier ? 1 : 0).reverse
  end

  # "2026-09-08", or "2026-09-08 to 2026-09-16, 9 days".
  def day_or_days(days)
    return day(days.first) if days.one?
    safe_join([ day(days.first), " to ", day(days.last), ", #{days.count} days" ])
  end
end
