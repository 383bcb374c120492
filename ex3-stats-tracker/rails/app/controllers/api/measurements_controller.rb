class Api::MeasurementsController < Api::TableController
  table keys: :at, columns: { at: :at, total: :total, fell: :fell }

  private
    def relation = between_dates(package.measurements, :at, time: true)
    def envelope = super.merge(package: package.name)
end
