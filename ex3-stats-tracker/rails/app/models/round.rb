# A round: one collection of each configured organisation, one after another, in the order of Turn. A round that is stopped
# or killed is continued by the next one.
#
# Several collectors may share a round: each goes on to the next organisation that no other one collects or has just read. So
# an organisation whose collector is killed is the next one of another collector.
class Round
  # Less than the hour that is the least between two collections from github.com.
  RECENTLY = 50.minutes.to_i

  # So many organisations in a row whose collection was stopped mean an outage of GitHub.
  STOPPED_IN_A_ROW = 3

  # The organisations of STATS_TRACKER_ORGS.
  def self.configured
    new(ENV.fetch("STATS_TRACKER_ORGS", "").split)
  end

  # The organisations that a person names: nothing is left out, and nothing is passed over.
  def self.by_hand(names)
    new(names, by_hand: true)
  end

  # Seconds from the beginning of a round to that of the next one.
  def self.limit
    number("STATS_TRACKER_ROUND_SECONDS", default: 6 * 3600, most: 31 * 86_400)
  end

  # The number of collectors that run at the same time.
  def self.collectors
    number("STATS_TRACKER_COLLECTORS", default: 1, most: 100)
  end

  # A setting from 1 to +most+.
  def self.number(name, default:, most:)
    text = ENV[name].presence or return default
    Integer(text, 10, exception: false)&.then { |number| number if number.between?(1, most) } or
      raise ArgumentError, "#{name} is a number from 1 to #{most}, not #{text}"
  end
  private_class_method :number

  attr_reader :names

  def initialize(names, by_hand: false, clock: -> { Time.current })
    # As Org normalizes them; the settings are checked before the database is asked.
    @names = names.map(&:downcase).uniq
    @by_hand, @clock, @began_at = by_hand, clock, clock.call
  end

  def by_hand? = @by_hand

  # The organisations that this round collects. One that was just read is left out: a round that is tried again, after a
  # rate limit or a killed process, goes on with the others.
  def due
    return names if by_hand?

    at = @clock.call
    recent = Org.where(name: names).where(<<~SQL.squish, at - RECENTLY, at).pluck(:name)
      EXISTS (SELECT 1 FROM collections WHERE org_id = orgs.id AND state = 'finished' AND started_at > ? AND started_at <= ?)
    SQL
    names - recent
  end

  # Yields each name of +due+ at its turn. The block returns the collection, or nil where there was none, and raises
  # Collection::Lock::Taken where another collector has the organisation: then it is tried again after the next one, as that
  # collector may have been killed. Ends when others have all that remains; and early at an outage, which would only be
  # met again at each of the others.
  def each(due: self.due, &)
    remaining, stopped = due, 0
    loop do
      name, collection = take_next(remaining, &)
      break unless name

      remaining -= [ name ]
      stopped = collection&.stopped? ? stopped + 1 : 0
      break if stopped == STOPPED_IN_A_ROW
    end
  end

  # Whether another collector has read the organisation since this round began, or has just read it.
  def read?(org)
    now = @clock.call
    !by_hand? && org.collections.exists?(state: "finished", started_at: [ @began_at, now - RECENTLY ].min..now)
  end

  # Whether the round goes on with the other organisations after this error.
  def passes_over?(error)
    !by_hand? && error.is_a?(Collection::Lock::Taken) && error.org.present?
  end

  # The configured organisations that were never read. One without packages was read.
  def never_read
    @never_read ||= names - Org.where(name: names).where("measured_at IS NOT NULL OR #{FINISHED % "1"} IS NOT NULL").pluck(:name)
  end

  # How long a round takes, in seconds: the sum of the organisations' last finished collections, shared by the collectors. One
  # that has none counts as the mean of the others. nil where none has finished.
  def seconds
    return @seconds if defined?(@seconds)

    known = Org.where(name: names).pluck(Arel.sql(FINISHED % "seconds")).compact
    @seconds = known.sum * names.size / known.size / self.class.collectors if known.any?
  end

  # By how many seconds a round takes longer than it may; 0 where it does not.
  def over
    [ seconds.to_f - self.class.limit, 0 ].max
  end

  # The sentence for people, for a round that takes longer than it may.
  def too_long
    takes, longer, limit = [ seconds, over, self.class.limit ].map { |time| (time / 3600.0).round(1).to_fs(:delimited) }
    "a round over #{names.size.to_fs(:delimited)} organisations takes #{takes} hours, #{longer} more than the #{limit} until the next one begins"
  end

  # Of the last collection that read the list and was not stopped.
  FINISHED = <<~SQL.squish
    (SELECT %s FROM collections WHERE org_id = orgs.id AND state = 'finished' AND reason IS NULL ORDER BY started_at DESC LIMIT 1)
  SQL
  private_constant :FINISHED

  private
    # The first name, in the order of turns, whose block does not raise Taken, and the block's value.
    def take_next(names)
      Turn.of_orgs(names).each do |name|
        return [ name, yield(name) ]
      rescue Collection::Lock::Taken => error
        raise unless passes_over?(error)
      end
      nil
    end
end
