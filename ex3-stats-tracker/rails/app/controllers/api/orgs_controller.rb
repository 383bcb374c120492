class Api::OrgsController < Api::TableController
  table keys: :name, columns: {
    name: :name, source: :source, total: :total, packages: :packages_count, growth_1: :growth_1, growth_7: :growth_7,
    growth_30: :growth_30, growth_365: :growth_365, measured_at: :measured_at, vanished_at: :vanished_at,
    **Growing::SPANS.to_h { |days| [ :"growth_#{days}_left_out", ->(org) { org.packages_left_out(days) } ] }
  }

  def show
    return unless changed?(org)

    respond_to do |format|
      format.json { render json: row(org) }
      format.csv { render plain: Spreadsheet.csv(columns.keys, [ row(org).values ]), content_type: "text/csv" }
    end
  end

  private
    def relation = Org.all
    def state = [ Org.count, Org.maximum(:updated_at)&.iso8601(6) ]
    def envelope = {}
end
