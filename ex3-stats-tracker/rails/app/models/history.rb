# Replays a history: sets the stand-in's clock to one time after another and runs a collection at each, as if the tracker
# had run for so long. It ends at the present, and the stand-in's clock runs on from there.
class History
  # Days between two collections. Every page shows 30 days, so that steps of up to 29 days miss no day's downloads.
  STEP = 14

  def initialize(org, days:, step: STEP, stand_in: StandIn.from_environment, progress: Collection::Progress.new)
    days.between?(1, 3650) or raise ArgumentError, "a history has 1 to 3650 days, not #{days}"
    step.between?(1, 29) or raise ArgumentError, "a step has 1 to 29 days, or pages would leave gaps, not #{step}"
    Source.current == "stand-in" or raise ArgumentError, "only the stand-in's history can be played: STATS_TRACKER_SOURCE is #{Source.current}"
    @org, @days, @step, @stand_in, @progress = org, days, step, stand_in, progress
  end

  # Returns the number of collections.
  def play
    times.each_with_index do |time, index|
      @stand_in.now = time
      collection = Collection.collect(@org, source: "stand-in", clock: -> { time })
      check_clock collection
      @progress.played(index + 1, times.size, time)
    end.size
  ensure
    @stand_in.run_clock
  end

  private
    # The steps, and also the beginnings of the spans of growth.
    def times
      @times ||= begin
        ago = @days.step(0, -@step).to_a | Growing::SPANS.select { |span| span <= @days } | [ 0 ]
        present = Time.current.change(usec: 0)
        ago.sort.reverse.map { |days| present - days.days }
      end
    end

    # Refuses a component whose clock does not follow the stand-in's: all of its measurements would be of today.
    def check_clock(collection)
      measured_at = collection.org.packages.maximum(:measured_at) or return
      return if (measured_at - collection.started_at).abs < 1.hour

      raise StandIn::Refused, "the component measured at #{measured_at.iso8601} while the stand-in's clock stood at " \
        "#{collection.started_at.iso8601}: it does not follow it"
    end
end
