# One pass over an organisation's packages.
class Collection < ApplicationRecord
  # running: under way, or killed. stopped: at a rate limit or an outage, to be resumed. finished: every package has its
  # outcome. abandoned: not resumed in time.
  STATES = %w[running stopped finished abandoned].freeze

  # How long a pass that was stopped or killed is resumed instead of a new one begun: its first figures and its last
  # shall be of about the same time.
  RESUMABLE = 12.hours

  # GitHub asked to be left alone until then.
  class TooEarly < StandardError
    attr_reader :time

    def initialize(time)
      @time = time
      super("GitHub asked to be left alone until #{time.utc.iso8601}")
    end
  end

  belongs_to :org
  has_many :failures, dependent: :nullify

  scope :chronological, -> { order(:started_at) }
  scope :unfinished, -> { where(finished_at: nil) }

  # Makes a pass over an organisation's packages, or resumes the one that was not finished, and returns it.
  #
  # +clock+ says what time it is where the figures come from; +component+ makes a connection to the component.
  #
  # Raises Lock::Taken while another collection runs, TooEarly, Org::OtherSource, and Database::Unavailable where the
  # database stays away. +progress+ is told of each but for mistakes.
  def self.collect(name, source:, manners: Manners.towards(source), clock: -> { Time.current }, progress: Progress.new,
      component: Component.method(:new))
    away = progress.method(:database_away)
    Lock.hold(retrying: away) do |lock|
      org, collection = Database.patiently(retrying: away) do
        retry_at = joins(:org).where(orgs: { source: }, finished_at: nil, retry_at: clock.call..).maximum(:retry_at)
        raise TooEarly.new(retry_at) if retry_at

        org = Org.track(name, source:)
        [ org, begin_or_resume(org, at: clock.call) ]
      end
      collection.tap do
        progress.started(collection)
        Pass.new(collection, lock:, manners:, clock:, progress:, component:).run
        org.forget_if_unknown
        progress.ended(collection)
      end
    end
  rescue TooEarly, Lock::Taken, Org::OtherSource, Org::Unknown, Database::Unavailable => error
    progress.refused(name, error)
    raise
  end

  # The pass to make: the unfinished one, if that may be resumed.
  def self.begin_or_resume(org, at:)
    transaction do
      if (collection = org.collections.unfinished.first)
        if collection.started_at.between?(at - RESUMABLE, at)
          collection.update!(state: "running", runs: collection.runs + 1, reason: nil, detail: nil, retry_at: nil)
          return collection
        end
        collection.abandon(at:)
      end
      org.collections.find_or_initialize_by(started_at: at).tap { |begun| begun.update!(state: "running", finished_at: nil) }
    end
  end
  private_class_method :begin_or_resume

  # Packages whose owners asked not to be counted, as org/package.
  def self.skipped
    ENV.fetch("STATS_TRACKER_SKIP", "").split.to_set
  end

  # Gives up a pass that nobody resumed in time. The packages it had left are failures, drawn where the pass was.
  def abandon(at:)
    kind = reason || "interrupted"
    transaction do
      left = org.packages.on_list.where.not(collection_id: id).or(org.packages.on_list.where(collection_id: nil))
      (left.to_a - failed_earlier(left)).each do |package|
        package.record_failure(Component::Problem.new(kind, "not asked for, as the pass had ended before"),
          about: "total", at: started_at, collection: self)
        self.packages_failed += 1
      end
      update!(state: "abandoned", finished_at: at)
      org.add_up(started_at.to_date, started_at.to_date)
    end
  end

  # Those of the packages that could not be read before in this pass, in a run that was resumed.
  def failed_earlier(packages)
    return [] if runs == 1

    ids = failures.where(package: packages, about: "total").distinct.pluck(:package_id).to_set
    packages.select { |package| ids.include?(package.id) }
  end

  def finished?
    state == "finished"
  end

  def stopped?
    state == "stopped"
  end

  # How many of the listed packages the pass has not asked for; nil where the list was not read.
  #
  # packages_read, packages_failed and these add up to packages_listed.
  def not_asked
    [ packages_listed - packages_read - packages_failed, 0 ].max if packages_listed
  end

  # How many packages this pass was done with, in an earlier run, that are not among these names.
  def done_without(names)
    return 0 if runs == 1

    failed = failures.where(about: "total").select(:package_id)
    org.packages.where(collection: self).or(org.packages.where(id: failed)).pluck(:name).difference(names).size
  end

  # In one line, for people.
  def summary
    what = +"#{org.name}: #{packages_read} of #{packages_listed || "an unknown number of"} packages read"
    what << ", #{packages_failed} failed" if packages_failed.positive?
    what << ", #{not_asked} not asked for" if not_asked&.positive?
    what << ", #{org.total.to_fs(:delimited)} downloads#{" (stand-in: invented)" if org.stand_in?}" if org.total
    what << "; stopped (#{reason}), to be resumed#{" after #{retry_at.utc.iso8601}" if retry_at}" if stopped?
    what
  end

  # The problems of this run.
  def problems
    @problems ||= []
  end

  # 0 where all was read; 69 where the pass was stopped, and is to be resumed; 65 where it ended without all of it. A
  # retry of that would begin another pass and ask for everything again: what failed is the next one's.
  def exit_code
    if stopped? then 69
    elsif problems.any? || packages_failed.positive? then 65
    else 0
    end
  end
end
