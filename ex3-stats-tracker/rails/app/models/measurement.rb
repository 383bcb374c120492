# A package's total at a time.
class Measurement < ApplicationRecord
  # The fewest days of which all measurements are kept: growth over 30 days compares with a measurement of up to two days
  # before.
  MIN_KEPT_DAYS = 60
  PACKAGES_AT_A_TIME = 100

  belongs_to :package
  belongs_to :collection, optional: true

  scope :chronological, -> { order(:at) }

  # Those that are not the last ones of their day, but for those at which the total had fallen.
  scope :superfluous, -> do
    ranked = select(:id, :fell, "ROW_NUMBER() OVER (PARTITION BY package_id, DATE(at) ORDER BY at DESC) AS place")
    unscoped.where(id: unscoped.from(ranked, :ranked).where("place > 1 AND NOT fell").select("ranked.id"))
  end

  # Deletes the measurements of each day that is +days+ ago or longer, but for the last one of each package, and those at
  # which the total had fallen. Pages and charts show the same as before, as they have one figure a day. Returns the number of
  # these measurements; with +dry_run+ none is deleted.
  #
  # It deletes some packages' measurements at a time, so that no transaction is long. A second run goes on where one was ended.
  def self.thin(days, packages: Package.all, dry_run: false)
    raise ArgumentError, "all measurements of #{MIN_KEPT_DAYS} days or more are kept, and not of #{days}: growth needs them" if days < MIN_KEPT_DAYS

    limit = (Date.current - days + 1).beginning_of_day
    packages.in_batches(of: PACKAGES_AT_A_TIME).sum do |batch|
      superfluous = where(package_id: batch.pluck(:id), at: ...limit).superfluous
      dry_run ? superfluous.count : superfluous.delete_all
    end
  end
end
