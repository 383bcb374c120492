# One pass over an organisation's packages: each is measured once.
class Collection < ApplicationRecord
  # running: in progress, or killed. stopped: by a rate limit or an outage, to be resumed. finished: every package has
  # been measured or has failed. abandoned: not resumed in time.
  STATES = %w[running stopped finished abandoned].freeze

  # A stopped or killed collection is resumed within this time. Later a new one begins, so that all figures of a
  # collection are of about the same time.
  RESUMABLE = 12.hours

  # The time of GitHub's Retry-After header is not over.
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

  # Runs a collection of an organisation's packages, or resumes the unfinished one, and returns it.
  #
  # +clock+ returns the source's time: the stand-in has a clock of its own. +component+ returns a new connection to the
  # component. +pace+ decides which packages are read. +round+ is the Round that the collection belongs to: it returns nil
  # where another collector has read the organisation for that round.
  #
  # Raises Lock::Taken while another collection of the organisation runs, TooEarly, Org::OtherSource, Org::Unknown, and
  # Database::Unavailable. +progress+ is told of each of these, but not of an organisation that the round only passes over.
  def self.collect(name, source:, policy: RequestPolicy.for(source), clock: -> { Time.current }, progress: Progress.new,
      component: Component.method(:new), pace: Pace::ALWAYS, round: nil)
    on_retry = progress.method(:database_unavailable)
    collection = nil
    Lock.hold(name, on_retry:) do |lock|
      org = nil
      Database.with_retries(on_retry:) do
        time = retry_at(source, clock.call)
        raise TooEarly.new(time) if time

        org = Org.track(name, source:)
        collection = begin_or_resume(org, at: clock.call) unless round&.read?(org)
      end
      collection&.tap do
        progress.started(collection)
        Runner.new(collection, lock:, policy:, clock:, progress:, component:, pace:).run
        org.destroy_if_unknown
        progress.ended(collection)
      end
    end
  rescue TooEarly, Lock::Taken, Org::OtherSource, Org::Unknown, Database::Unavailable => error
    progress.refused(name, error) unless collection.nil? && round&.passes_over?(error)
    raise
  end

  # The time until which GitHub wants no request, if it is later than +at+.
  def self.retry_at(source, at)
    joins(:org).where(orgs: { source: }, finished_at: nil, retry_at: at..).maximum(:retry_at)
  end

  # The unfinished collection if it may be resumed, otherwise a new one.
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

  # Gives up a collection that was not resumed in time. Its remaining packages get a failure, at the time of its start.
  def abandon(at:)
    kind = reason || "interrupted"
    transaction do
      remaining = org.packages.on_list.where.not(collection_id: id).or(org.packages.on_list.where(collection_id: nil))
      # A package that rested then was not to be read.
      (remaining.reject { |package| package.resting_until&.after?(started_at) } - failed_earlier(remaining)).each do |package|
        package.record_failure(Component::Problem.new(kind, "not requested: the collection was interrupted and not resumed in time"),
          about: "total", at: started_at, collection: self)
        self.packages_failed += 1
      end
      update!(state: "abandoned", finished_at: at)
      org.update_sums(started_at.to_date, started_at.to_date)
    end
  end

  # Those of the packages that failed in an earlier run of this collection.
  def failed_earlier(packages)
    return [] if runs == 1

    ids = failures.where(package: packages, about: "total").distinct.pluck(:package_id).to_set
    packages.select { |package| ids.include?(package.id) }
  end

  # Whether no other process has resumed or abandoned the collection after its run number +run+ began. A process that lost its
  # connection for a moment may hold the lock again.
  def run?(run)
    self.class.where(id:, runs: run).where.not(state: "abandoned").exists?
  end

  def finished?
    state == "finished"
  end

  def stopped?
    state == "stopped"
  end

  # How many of the listed packages were not requested; nil where the list was not read. packages_read, packages_failed,
  # packages_resting and this number add up to packages_listed.
  def not_asked
    [ packages_listed - packages_read - packages_failed - packages_resting, 0 ].max if packages_listed
  end

  # How many packages an earlier run of this collection has measured or failed that are not among these names.
  def done_without(names)
    return 0 if runs == 1

    failed = failures.where(about: "total").select(:package_id)
    org.packages.where(collection: self).or(org.packages.where(id: failed)).pluck(:name).difference(names).size
  end

  # One line for the terminal and the log.
  def summary
    text = +"#{org.name}: #{packages_read} of #{packages_listed || "an unknown number of"} packages read"
    text << ", #{packages_failed} failed" if packages_failed.positive?
    text << ", #{packages_resting} standing still and left out" if packages_resting.positive?
    text << ", #{not_asked} not asked for" if not_asked&.positive?
    text << ", #{org.total.to_fs(:delimited)} downloads#{" (stand-in: invented)" if org.stand_in?}" if org.total
    text << "; stopped (#{reason}), to be resumed#{" after #{retry_at.utc.iso8601}" if retry_at}" if stopped?
    text
  end

  # The problems of this run.
  def problems
    @problems ||= []
  end

  # 0: everything was read. 69: stopped, to be resumed. 65: finished, but some packages failed. A retry after 65 would
  # request every package again: the next scheduled collection reads the failed ones.
  def exit_code
    if stopped? then 69
    elsif problems.any? || packages_failed.positive? then 65
    else 0
    end
  end
end
