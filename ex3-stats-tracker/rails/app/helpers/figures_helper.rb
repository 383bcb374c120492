# The formats of figures and times: exact numbers, and times in UTC.
module FiguresHelper
  NOTHING = "–"

  # 103713626 → "103,713,626". A page has thousands of numbers, and number_with_delimiter takes ten times as long.
  def exact(number)
    number ? number.to_s.gsub(/(?<=\d)(?=(?:\d{3})+\z)/, ",") : NOTHING
  end

  # With its sign; the minus is U+2212.
  def signed(number)
    return NOTHING unless number
    return "0" if number.zero?
    number.positive? ? "+#{exact(number)}" : "−#{exact(-number)}"
  end

  # The change to a figure as a percentage of the figure before it: "+0.16 %".
  def ratio(growth, total)
    before = total && growth && total - growth
    return unless before&.positive?
    percent = growth * 100.0 / before
    return "0 %" if growth.zero?
    digits = percent.abs >= 100 ? 0 : percent.abs >= 1 ? 1 : 2
    rounded = percent.abs.round(digits)
    return growth.positive? ? "< +0.01 %" : "> −0.01 %" if rounded.zero?
    "#{growth.positive? ? "+" : "−"}#{exact_decimal(rounded)} %"
  end

  # A sentence for Org::Growth#left_out.
  def left_out_text(left_out)
    unread, resting, unread_then, appeared, gone = left_out.values_at(*Org::Growth::REASONS)
    [
      ("#{pluralize unread, "package"} not read at its end" if unread),
      ("#{pluralize resting, "package"} whose total #{resting == 1 ? "stands" : "stand"} still, not read at its end" if resting),
      ("#{pluralize unread_then, "package"} not read at its beginning" if unread_then),
      ("#{exact left_out["appeared_total"]} that #{pluralize appeared, "package"} had when first read" if appeared),
      ("#{pluralize gone, "package"} that #{gone == 1 ? "is" : "are"} gone, with #{exact left_out["gone_total"].to_i}" if gone)
    ].compact.to_sentence
  end

  # "Thursday, 2026-11-26", or "7 days to 2026-11-26".
  def period_name(period)
    return safe_join([ period.days.end.strftime("%A, "), day(period.days.end) ]) if period.length == 1

    safe_join([ pluralize(period.length, "day"), " to ", day(period.days.end) ])
  end

  def period_before(period)
    period.length == 1 ? "against the #{period.days.end.strftime("%A")} before" : "against the #{period.length} days before"
  end

  # What a period's sum lacks, and what its change leaves out.
  def period_notes(period, of_org:)
    lacking = period.length - period.known
    [
      ("lacks #{lacking} of #{pluralize period.length, "day"}" if period.count && lacking.positive?),
      ("lacks days of #{pluralize period.incomplete, "package"}" if of_org && period.count && lacking.zero? && period.incomplete.positive?),
      ("compared without #{pluralize period.not_compared, "package"}" if of_org && period.change && period.not_compared.positive?)
    ].compact
  end

  # A part as a percentage of the whole: "12.3 %".
  def share(part, whole)
    return NOTHING unless part && whole&.positive?
    percent = (part * 100.0 / whole).round(1)
    percent.zero? && part.positive? ? "< 0.1 %" : "#{percent} %"
  end

  def growth_class(growth)
    "falling" if growth&.negative?
  end

  # "2026-05-10 12:00 UTC"
  def moment(time)
    tag.time("#{time.utc.strftime("%Y-%m-%d %H:%M")} UTC", datetime: time.utc.iso8601)
  end

  # "12 minutes ago". relative-times.js updates it while the page is open.
  def ago(time)
    tag.time(ago_in_words(time), datetime: time.utc.iso8601, title: "#{time.utc.strftime("%Y-%m-%d %H:%M:%S")} UTC", data: { ago: true })
  end

  # "today", or "9 days ago, on 2026-11-18"
  def days_ago(date)
    days = (Date.current - date).to_i
    safe_join([ days.positive? ? "#{pluralize days, "day"} ago, on " : "today, ", day(date) ])
  end

  def day(date)
    tag.time(date.iso8601, datetime: date.iso8601)
  end

  private
    def exact_decimal(number)
      whole, fraction = number.to_s.split(".")
      fraction.nil? || fraction == "0" ? exact(whole) : "#{exact(whole)}.#{fraction}"
    end

    def ago_in_words(time)
      seconds = [ Time.current - time, 0 ].max.to_i
      number, unit = if seconds >= 86_400 then [ seconds / 86_400, "day" ]
      elsif seconds >= 3600 then [ seconds / 3600, "hour" ]
      else [ seconds / 60, "minute" ]
      end
      number.zero? ? "just now" : "#{pluralize(number, unit)} ago"
    end
end
