# A chart's SVG, for a README, an issue or a slide. It has no style sheet, no script and no other resource, so that it is
# the same in every viewer.
class Chart::Picture
  WIDTH = 800
  HEIGHT = 400
  PADDING = 16
  FONT_SIZE = 12
  LEGEND_ROW = 20
  # Below the plot: the days' labels, and the line with the source.
  FOOT = 52
  MAX_NAME_LENGTH = 48

  THEMES = {
    "light" => { surface: "#ffffff", line: "#e2e6eb", text: "#14181f", quiet: "#57606d", danger: "#b3261e", warning: "#7a4b00", gap: "#eef0f3", gap_line: "#ccd2da",
      series: %w[#1a62d6 #c4500c #0c7c6c #9a2bb0 #55700b #b01e5a #4a5a70 #8a5a10] },
    "dark" => { surface: "#161b22", line: "#2a313b", text: "#e7ebf0", quiet: "#9da8b6", danger: "#ff8f85", warning: "#f3c05f", gap: "#1b2129", gap_line: "#3a4350",
      series: %w[#6ea8ff #ff9d5c #3fcfb6 #d58cf0 #b4d455 #ff85b3 #a5b4c8 #e0b060] }
  }.freeze

  # Eight series differ by colour and dashes.
  DASHES = [ nil, nil, nil, nil, "7 4", "7 4", "2 3", "2 3" ].freeze

  # +dates+: the days of the axis. +bar_days+: the one series is drawn as bars, each of so many days. +source+: a text.
  # +stand_in+: figures are invented. +imported+: some come from a file.
  def initialize(title, series, dates:, source:, stand_in:, imported: false, bar_days: nil, logarithmic: false, theme: "light")
    @title, @series, @dates, @source, @stand_in, @bar_days = XmlText.clean(title), series, dates, source, stand_in, bar_days
    @imported, @bars = imported, bar_days.present?
    @colours = THEMES.fetch(theme)
    @days = (dates.end - dates.begin).to_i + 1
    @axis = Chart::ValueAxis.for(series.flat_map { |one| one.points.map(&:last) }, logarithmic:, from_zero: @bars)
    @marks = @axis.marks
    lay_out
  end

  def to_svg
    <<~SVG
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 #{WIDTH} #{HEIGHT}" width="#{WIDTH}" height="#{HEIGHT}" role="img" aria-labelledby="title description">
        <title id="title">#{escape(@title)}</title>
        <desc id="description">#{escape(description)}</desc>
        <defs>
          <pattern id="gap" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
            <rect width="7" height="7" fill="#{@colours[:gap]}"/><path d="M0 0V7" stroke="#{@colours[:gap_line]}" stroke-width="2"/>
          </pattern>
          <clipPath id="plot"><rect x="#{@left}" y="#{@top}" width="#{@right - @left}" height="#{@bottom - @top}"/></clipPath>
        </defs>
        <rect x=".5" y=".5" width="#{WIDTH - 1}" height="#{HEIGHT - 1}" rx="8" fill="#{@colours[:surface]}" stroke="#{@colours[:line]}"/>
        <g font-family="Helvetica Neue,Helvetica,Arial,Liberation Sans,DejaVu Sans,sans-serif" font-size="#{FONT_SIZE}" fill="#{@colours[:quiet]}">
          #{[ *head, *legend, *value_axis, *gaps, *day_axis ].join("\n    ")}
          <g clip-path="url(#plot)" fill="none">
            #{@series.each_index.flat_map { |index| @bars ? bars(index) : line(index) }.join("\n      ")}
          </g>
          #{[ *failures, *foot ].join("\n    ")}
        </g>
      </svg>
    SVG
  end

  private
    def lay_out
      @legend_rows = @series.many? ? legend_rows : []
      @left = PADDING + (@marks.map { |mark| TextWidth.of(mark.label, FONT_SIZE) }.max || 0).ceil + 8
      @right = WIDTH - PADDING
      @top = 52 + @legend_rows.size * LEGEND_ROW
      @bottom = HEIGHT - FOOT
    end

    def x(day)
      (@left + (@right - @left) * day.fdiv(@days)).round(1)
    end

    def y(value)
      (@bottom - (@bottom - @top) * @axis.position(value)).round(1)
    end

    # The newest total stands beside the title.
    def head
      last = @series.first.points.last&.last if @series.one? && !@bars
      [ text(@title, PADDING, 30, "font-size": 16, "font-weight": "bold", fill: @colours[:text]),
        (text(last.to_fs(:delimited), @right, 30, "font-size": 16, "text-anchor": "end", fill: @colours[:text]) if last) ].compact
    end

    # The names in rows, each with its place from the left.
    def legend_rows
      left = PADDING
      @series.each_with_index.map { |one, index|
        width = TextWidth.of(name(one), FONT_SIZE) + 40
        place = left
        place = PADDING if place > PADDING && place + width > WIDTH - PADDING
        left = place + width
        [ index, place ]
      }.slice_when { |(_, before), (_, after)| after <= before }.to_a
    end

    def legend
      @legend_rows.each_with_index.flat_map do |row, number|
        middle = 52 + number * LEGEND_ROW
        row.flat_map do |index, left|
          [ %(<path d="M#{left} #{middle}h20" stroke="#{@colours[:series][index]}" stroke-width="2"#{dashes(index)}/>),
            text(name(@series[index]), left + 26, middle + 4) ]
        end
      end
    end

    def value_axis
      @marks.flat_map do |mark|
        level = y(mark.value)
        [ %(<path d="M#{@left} #{level}H#{@right}" stroke="#{@colours[:line]}"/>), text(mark.label, @left - 8, level + 4, "text-anchor": "end") ]
      end
    end

    # A label is left out where it would overlap the one before it, or the edge.
    def day_axis
      free_from = 0
      Chart::DayAxis.new(@dates).marks.flat_map do |mark|
        middle, half = x((mark.date - @dates.begin).to_i + 0.5), TextWidth.of(mark.label, FONT_SIZE) / 2
        next [] if middle - half < free_from || middle + half > WIDTH

        free_from = middle + half + 8
        [ %(<path d="M#{middle} #{@bottom}v4" stroke="#{@colours[:quiet]}"/>), text(mark.label, middle, @bottom + 18, "text-anchor": "middle") ]
      end
    end

    # Those that all series with figures have. A plot without any figure is one gap: empty, it would look like zeros.
    def shared_gaps
      @shared_gaps ||= @series.filter_map { |one| one.gaps if one.points.any? }.reduce(:&) || [ Chart::Series::Gap.new(from: 0, to: @days) ]
    end

    def gaps
      shared_gaps.map do |gap|
        from, to = x([ gap.from, 0 ].max), x([ gap.to, @days ].min)
        %(<rect x="#{from}" y="#{@top}" width="#{[ to - from, 2 ].max.round(1)}" height="#{@bottom - @top}" fill="url(#gap)"/>)
      end
    end

    def line(index)
      one, colour = @series[index], @colours[:series][index]
      single, long = one.runs.partition(&:one?)
      path = long.map { |run| "M#{run.map { |day, value| "#{x(day)} #{y(value)}" }.join("L")}" }.join
      [ (%(<path d="#{path}" stroke="#{colour}" stroke-width="2" stroke-linejoin="round"#{dashes(index)}/>) if long.any?),
        *single.map { |(day, value),| point(day, value, colour, filled: !one.unsettled.include?(day)) }, *falls(one) ].compact
    end

    def point(day, value, colour, filled:)
      %(<circle cx="#{x(day)}" cy="#{y(value)}" r="3" #{filled ? %(fill="#{colour}") : %(stroke="#{colour}" stroke-width="1.5")}/>)
    end

    # A triangle above each total that is lower than the one before.
    def falls(one)
      one.points.select { |day, _| one.fell.include?(day) }
        .map { |day, value| %(<path d="M#{x(day) - 5} #{y(value) - 12}h10l-5 8z" fill="#{@colours[:danger]}"/>) }
    end

    # A bar of a day that was not over, or that lacks packages, is pale.
    def bars(index)
      one = @series[index]
      width = [ (x(@bar_days) - x(0)) * 0.8, 0.5 ].max
      pale, full = one.points.partition { |day, _| one.unsettled.include?(day) }
      [ [ full, 1 ], [ pale, 0.45 ] ].reject { |points, _| points.empty? }.map do |points, opacity|
        path = points.map { |day, value| "M#{(x(day) - width / 2).round(1)} #{@bottom}V#{y(value)}h#{width.round(1)}V#{@bottom}z" }.join
        %(<path d="#{path}" fill="#{@colours[:series][index]}" fill-opacity="#{opacity}"/>)
      end
    end

    # A cross on the axis for each day with a failure; crosses that can't be told apart are one.
    def failures
      last = nil
      @series.flat_map(&:failures).uniq.sort.filter_map do |day|
        middle = x(day)
        next if !middle.between?(@left, @right) || (last && middle - last < 7)

        last = middle
        %(<path d="M#{middle - 3.5} #{@bottom - 3.5}l7 7m0 -7l-7 7" stroke="#{@colours[:danger]}" stroke-width="1.5" fill="none"/>)
      end
    end

    def foot
      [ text([ @source, *keys ].join(" · "), PADDING, HEIGHT - PADDING), *stand_in ]
    end

    def keys
      [ ("hatched: no data" if shared_gaps.any?), ("×: reading failed" if failures.any?),
        ("pale: not the whole count" if @bars && @series.any? { |one| one.unsettled.any? }), ("partly imported" if @imported),
        ("▼: lower than before" if @series.any? { |one| one.fell.any? }) ].compact
    end

    def stand_in
      return [] unless @stand_in

      [ text("STAND-IN: invented figures", @right, HEIGHT - PADDING, "text-anchor": "end", "font-weight": "bold", fill: @colours[:warning]) ]
    end

    # For screen readers.
    def description
      figures = @series.map do |one|
        values = one.points.map(&:last)
        next "#{name(one)}: no data" if values.empty?

        "#{name(one)}: #{values.min.to_fs(:delimited)} to #{values.max.to_fs(:delimited)}, at last #{values.last.to_fs(:delimited)}"
      end
      "#{@dates.begin.iso8601} to #{@dates.end.iso8601}. #{figures.join("; ")}. #{@source}#{". Invented by a stand-in" if @stand_in}"
    end

    def name(series)
      XmlText.clean(series.name).truncate(MAX_NAME_LENGTH, omission: "…")
    end

    def dashes(index)
      %( stroke-dasharray="#{DASHES[index]}") if DASHES[index]
    end

    def text(words, left, baseline, **attributes)
      %(<text x="#{left.round(1)}" y="#{baseline.round(1)}"#{attributes.map { |name, value| %( #{name}="#{value}") }.join}>#{escape(words)}</text>)
    end

    def escape(text)
      ERB::Util.html_escape(text)
    end
end
