# Whether figures can be trusted, in words.
module TrustHelper
  # At least one pass a day is expected, which may take some time.
  FRESH_FOR = 26.hours

  # What a kind of failure means and what can be done about it. They are the component's, see openapi.yaml, and Rails' own.
  KINDS = {
    "rate_limited" => [ "rate limited", "GitHub wants fewer requests. The pass goes on where it stopped." ],
    "not_found" => [ "not found", "GitHub shows nobody such a package: it is private, renamed or gone." ],
    "markup_changed" => [ "markup changed", "GitHub answered with a page the parser does not know. It must be taught; no number is guessed." ],
    "unreachable" => [ "unreachable", "GitHub did not answer, or not with a whole page. It is tried again." ],
    "timed_out" => [ "timed out", "GitHub took longer than it is given. It is tried again." ],
    "too_large" => [ "too large", "The page or the list is beyond what is read." ],
    "bad_request" => [ "bad request", "The name is none that a package can have." ],
    "component_failed" => [ "component failed", "The component did not answer as it should. Look at its output." ],
    "out_of_range" => [ "out of range", "The number is beyond 63 bits and not stored." ]
  }.freeze

  def kind_name(kind)
    KINDS.dig(kind, 0) || kind.to_s.tr("_", " ")
  end

  # Of a package whose total was read, GitHub showed the page: no more is missing than the list of its versions.
  def kind_meaning(kind, about = "total")
    return "GitHub shows no list of the package's versions at this address." if kind == "not_found" && about == "versions"

    KINDS.dig(kind, 1)
  end

  def fresh?(time)
    time.present? && time > FRESH_FOR.ago && !Clock.ahead?(time)
  end

  def state_pill(word, level = nil)
    tag.span(word, class: [ "state", level ])
  end

  # How fresh the figures are.
  def freshness(measured_at)
    if measured_at.nil? then state_pill("never read", "danger")
    elsif Clock.ahead?(measured_at) then state_pill("in the future", "danger")
    elsif fresh?(measured_at) then state_pill("fresh", "good")
    else state_pill("stale", "warning")
    end
  end

  # What became of a pass.
  def collection_state(collection)
    case collection.state
    when "running" then state_pill("running")
    when "stopped" then state_pill("stopped", "warning")
    when "abandoned" then state_pill("given up", "danger")
    else
      failed = collection.packages_failed
      if failed.zero? && collection.reason.blank? then state_pill("complete", "good")
      elsif collection.packages_read.zero? then state_pill("all failed", "danger")
      else state_pill("#{exact(failed)} failed", "warning")
      end
    end
  end

  # Whose figures are invented of those that a page shows: :all, :some or nil. The figures say that themselves, whatever
  # this process is told to collect from.
  def invented
    shown = [ @org, *@orgs, *@compared&.map(&:org) ].compact
    return unless shown.any?(&:stand_in?)
    shown.all?(&:stand_in?) ? :all : :some
  end
end
