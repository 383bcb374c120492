# Labels for how far figures can be trusted: their age, the state of the collection, the kinds of failures.
module TrustHelper
  # One collection a day is expected, and it may take up to two hours.
  FRESH_FOR = 26.hours

  # Each kind of failure: its name, its meaning and the next step. The kinds are those of openapi.yaml and of this
  # application.
  KINDS = {
    "rate_limited" => [ "rate limited", "GitHub wants fewer requests. The collection continues later where it stopped." ],
    "not_found" => [ "not found", "GitHub shows no such package to the public: it is private, renamed or deleted." ],
    "markup_changed" => [ "markup changed", "GitHub answered with a page the parser does not know. The parser has to be updated; no number is guessed." ],
    "unreachable" => [ "unreachable", "GitHub did not answer, or not with a whole page. The request is repeated." ],
    "timed_out" => [ "timed out", "GitHub did not answer in time. The request is repeated." ],
    "too_large" => [ "too large", "The page or the list is larger than the limit." ],
    "bad_request" => [ "bad request", "No package can have this name." ],
    "component_failed" => [ "component failed", "The component did not answer, or with an invalid answer. Its log has the reason." ],
    "out_of_range" => [ "out of range", "The number does not fit 63 bits and is not stored." ]
  }.freeze

  def kind_name(kind)
    KINDS.dig(kind, 0) || kind.to_s.tr("_", " ")
  end

  # For versions, not_found means less than for a total: GitHub showed the package's page, and only the list is missing.
  def kind_meaning(kind, about = "total")
    return "GitHub shows no list of the package's versions at this address." if kind == "not_found" && about == "versions"

    KINDS.dig(kind, 1)
  end

  def fresh?(time)
    time.present? && time > FRESH_FOR.ago && !Clock.ahead?(time)
  end

  def state_label(word, level = nil)
    tag.span(word, class: [ "state", level ])
  end

  # How fresh the figures are.
  def freshness(measured_at)
    if measured_at.nil? then state_label("never read", "danger")
    elsif Clock.ahead?(measured_at) then state_label("in the future", "danger")
    elsif fresh?(measured_at) then state_label("fresh", "good")
    else state_label("stale", "warning")
    end
  end

  # How fresh the figures of a package are, or of an organisation. Where a total stands still, an old reading is not stale.
  def freshness_of(subject)
    return freshness(subject.measured_at) if fresh?(subject.measured_at) || Clock.ahead?(subject.measured_at) || !subject.resting?

    tag.span("stands still", class: "state", title: "The total has not changed for weeks, and is read every third or seventh day.")
  end

  # The outcome of a collection.
  def collection_state(collection)
    case collection.state
    when "running" then state_label("running")
    when "stopped" then state_label("stopped", "warning")
    when "abandoned" then state_label("given up", "danger")
    else
      failed = collection.packages_failed
      if failed.zero? && collection.reason.blank? then state_label("complete", "good")
      elsif collection.packages_read.zero? then state_label("all failed", "danger")
      else state_label("#{exact(failed)} failed", "warning")
      end
    end
  end

  # Whether the figures of this page are invented: :all, :some or nil. The stored source decides, not STATS_TRACKER_SOURCE.
  def invented
    shown = [ @org, *@orgs, *@compared&.map(&:org) ].compact
    return unless shown.any?(&:stand_in?)
    shown.all?(&:stand_in?) ? :all : :some
  end
end
