# A package's or an organisation's days.
class Api::DaysController < Api::TableController
  OF_PACKAGE = { date: :date, total: :total, fell: :fell, imported: :imported, failures: :failures, failure_kind: :failure_kind }.transform_values(&:to_proc)
  OF_ORG = {
    date: :date, total: :total, packages_read: :packages_read, packages_stale: :packages_stale,
    packages_imported: :packages_imported, failures: :failures, failure_kind: :failure_kind
  }.transform_values(&:to_proc)

  self.keys = %i[date]

  private
    def relation = between_dates((package? ? package : org).days, :date)
    def state = package? ? package : org
    def columns = package? ? OF_PACKAGE : OF_ORG
    def envelope = package? ? super.merge(package: package.name) : super
    def package? = params.key?(:name)
end
