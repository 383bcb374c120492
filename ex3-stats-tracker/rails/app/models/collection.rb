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
    def initialize(time)
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
  # Raises Lock::Taken while another collection runs, TooEarly, and Org::OtherSource.
  def self.collect(name, source:, manners: Manners.towards(source), clock: -> { Time.current }, progress: Progress.new,
      component: Component.method(:new))
    Lock.hold do |lock|
      retry_at = joins(:org).where(orgs: { source: }, finished_at: nil, retry_at: clock.call..).maximum(:retry_at)
      raise TooEarly.new(retry_at) if retry_at

      org = Org.track(name, source:)
      open(org, at: clock.call).tap do |collection|
        progress.started(collection)
        Pass.new(collection, lock:, manners:, clock:, progress:, component:).run
        org.forget_if_unknown
        progress.ended(collection)
      end
    end
  end

  # The pass to make: the unfinished one, if that may be resumed.
  def self.open(org, at:)
    transaction do
      if (collection = org.collections.unfinished.first)
        if collection.started_at.between?(at - RESUMABLE, at)
          collection.update!(state: "running", runs: collection.runs + 1, reason: nil, detail: nil, retry_at: nil)
          return collection
        end
        collection.abandon(at:)
      end
      org.collections.find_or_initialize_by(started_at: at).tap do |collection|
        collection.update!(state: "running", finished_at: nil)
      end
    end
  end
  private_class_method :open

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

  # In one line, for people.
  def summary
    what = +"#{org.name}: #{packages_read} of #{packages_listed || "an unknown number of"} packages read"
    what << ", #{packages_failed} failed" if packages_failed.positive?
    what << ", #{org.total.to_fs(:delimited)} downloads#{" (stand-in: invented)" if org.stand_in?}" if org.total
    what << "; stopped (#{reason}), to be resumed#{" after #{retry_at.utc.iso8601}" if retry_at}" if stopped?
    what
  end

  # The problems of this run.
  def problems
    @problems ||= []
  end

  # 0 where all was read; 69 where trying again later may be enough; 65 where it will not be.
  def exit_code
    kinds = problems.map(&:kind) | org.packages.listed.failing.where(collection: self).distinct.pluck(:failure_kind)
    if (kinds - Component::Problem::TEMPORARY).any? then 65
    elsif kinds.any? then 69
    else 0
    end
  end
end
