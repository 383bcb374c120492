class Api::PackagesController < Api::TableController
  table keys: :name, columns: {
    name: :name, repository: ->(package) { package.repository&.name }, total: :total, growth_1: :growth_1,
    growth_7: :growth_7, growth_30: :growth_30, growth_365: :growth_365, measured_at: :measured_at,
    failing_since: :failing_since, failure_kind: :failure_kind, fell_at: :fell_at, fell_from: :fell_from,
    vanished_at: :vanished_at, resting_until: :resting_until
  }

  def show
    return unless changed?(package)

    values = envelope.merge(row(package))
    respond_to do |format|
      format.json { render json: envelope.merge(json_row(package)) }
      format.csv { render plain: Spreadsheet.csv(values.keys, [ values.values ]), content_type: "text/csv" }
    end
  end

  private
    def json_row(package)
      super.merge(recent: package.recent, recent_until: package.recent_until)
    end

    def relation = org.packages.includes(:repository)
    def state = packages_state
end
