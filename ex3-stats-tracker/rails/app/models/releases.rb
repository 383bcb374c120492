# The releases of a package, or of an organisation's packages, and the days on which the tracker first saw them.
#
# The versions of a package's first list were there before: their days are not known, and they are left out.
class Releases
  # A chart of more marks is hard to read; the newest ones are kept.
  MAX = 500
  # Many versions are no releases. This many of the newest are looked at.
  MAX_VERSIONS = 5_000

  Seen = Data.define(:date, :tag, :package)

  def self.of(subject, dates)
    new(subject, dates).to_a
  end

  def initialize(subject, dates)
    @subject, @dates = subject, dates
  end

  # The oldest first. Pre-releases are left out.
  def to_a
    versions.filter_map { |package_id, name, created_at, tags|
      next unless created_at.after?(first_lists.fetch(package_id))

      tags = Version::Tags.new(tags)
      Seen.new(date: created_at.to_date, tag: tags.release.tag, package: name) if tags.kind == :release
    }.first(MAX).reverse
  end

  private
    attr_reader :subject, :dates

    def versions
      relation.joins(:package).where(created_at: dates.begin.beginning_of_day..dates.end.end_of_day)
        .order(created_at: :desc, position: :asc).limit(MAX_VERSIONS)
        .pluck(:package_id, "packages.name", :created_at, :tags)
    end

    # The time of each package's first list of versions.
    def first_lists
      @first_lists ||= relation.group(:package_id).minimum(:created_at)
    end

    def relation
      Version.where(package_id: subject.is_a?(Org) ? subject.packages.select(:id) : subject.id)
    end
end
