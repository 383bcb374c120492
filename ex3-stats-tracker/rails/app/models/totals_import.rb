# Stores the totals of a file as an organisation's history. They are marked as imported, never replace a total that was
# read, and are replaced by a later reading of their day. The same file a second time changes nothing.
#
# All of it is one transaction: a file with one wrong row stores nothing.
class TotalsImport
  # Rows in one statement.
  SLICE = 2_000

  # The file's rows by what becomes of them. +read+: days that were read. +contradicting+: those of them with another total.
  Counts = Struct.new(:added, :changed, :unchanged, :read, :contradicting) do
    def initialize = super(0, 0, 0, 0, 0)
  end

  attr_reader :counts, :unknown

  # +file+: a TotalsFile. +create+: whether packages that are not known are created, as ones that GitHub no longer lists.
  def initialize(org, file, create: false)
    @org, @file, @create = org, file, create
    @counts = Counts.new
  end

  # Raises TotalsFile::Refused where a row is wrong or a package is unknown, Collection::Lock::Taken and
  # Database::Unavailable.
  def run
    Collection::Lock.hold(@org.name) do
      Database.with_retries { ActiveRecord::Base.transaction { store } }
    end
    self
  end

  # What +run+ would do. Nothing is stored.
  def dry_run
    check
    plan(known_packages)
    self
  end

  def summary
    parts = { added: "to add", changed: "to change", unchanged: "as before", read: "of days that were read, which stay" }
      .filter_map { |name, words| "#{counts[name].to_fs(:delimited)} #{words}" if counts[name].positive? }
    parts << "#{counts.contradicting.to_fs(:delimited)} of these with another total" if counts.contradicting.positive?
    parts << "#{@file.duplicates.to_fs(:delimited)} repeated in the file" if @file.duplicates.positive?
    parts << "#{unknown.size} #{"package".pluralize(unknown.size)} to create" if unknown.any?
    "#{@org.name}: #{@file.rows.to_fs(:delimited)} #{"row".pluralize(@file.rows)}: #{parts.join(", ")}#{" (stand-in: invented)" if @org.stand_in?}"
  end

  private
    def check
      @file.errors.empty? or raise TotalsFile::Refused, @file.error_lines.join("\n")
      @unknown = @file.totals.keys - @org.packages.where(name: @file.totals.keys).pluck(:name)
      unknown.empty? || @create or
        raise TotalsFile::Refused, "#{@org.name} has no package #{unknown.first(5).to_sentence}#{" and #{unknown.size - 5} more" if unknown.size > 5}: " \
          "correct the names, or add ,create to the task's arguments"
    end

    # Also called after a temporary error of the database: it starts from the stored rows again.
    def store
      @counts = Counts.new
      check
      create_unknown
      packages = known_packages
      rows = plan(packages)
      return if rows.empty?

      rows.each_slice(SLICE) do |slice|
        Package::Day.write slice, conflict: "package_id, date", set: <<~SQL.squish
          total = excluded.total, imported = excluded.imported WHERE package_days.total IS NULL OR package_days.imported
        SQL
      end
      # updated_at changes in any case: cached charts lack these days.
      Package.where(id: rows.pluck(:package_id).uniq).update_all(updated_at: Time.current)
      first = rows.pluck(:date).min
      @org.update_day_sums(rows.pluck(:date) | @org.days.where(date: first..).pluck(:date))
    end

    def known_packages
      @org.packages.where(name: @file.totals.keys).index_by(&:name)
    end

    # They count until their last imported day. A list that has one of them makes it an ordinary package.
    def create_unknown
      now = Time.current
      @org.packages.insert_all!(unknown.map { |name|
        { name:, vanished_at: [ @file.totals[name].keys.max.next_day.beginning_of_day, now ].min, created_at: now, updated_at: now }
      }) if unknown.any?
    end

    # The rows to write.
    def plan(packages)
      @file.totals.flat_map do |name, totals|
        package = packages[name]
        stored = package ? package.days.where(date: totals.keys.min..totals.keys.max).pluck(:date, :total, :imported).to_h { |date, *row| [ date, row ] } : {}
        totals.filter_map do |date, total|
          { package_id: package&.id, date:, total:, imported: true } if count(total, *stored[date])
        end
      end
    end

    # Whether the total is to be written.
    def count(total, stored = nil, imported = false)
      if stored.nil?
        counts.added += 1
      elsif !imported
        counts.read += 1
        counts.contradicting += 1 if stored != total
        false
      elsif stored == total
        counts.unchanged += 1
        false
      else
        counts.changed += 1
      end
    end
end
