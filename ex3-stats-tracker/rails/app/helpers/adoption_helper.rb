# The table of the downloads of releases by days since their first sight.
module AdoptionHelper
  # Rows of [days, texts], one for each day; days on which nothing is known are joined. A text is nil where nothing is known.
  def adoption_rows(curves, measure)
    columns = curves.map { |curve| adoption_texts(curve, measure) }
    rows = Array.new(columns.map(&:size).max) { |day| [ day, columns.map { |texts| texts.fetch(day, "not so old yet") } ] }
    rows.chunk_while { |(_, one), (_, other)| (one + other).none? { |text| text&.match?(/\d/) } }
      .map { |run| [ run.map(&:first), run.first.last ] }
  end

  private
    def adoption_texts(curve, measure)
      return curve.shares.map { |share| share && "#{share.round(1).to_s.delete_suffix(".0")} %" } if measure == "share"

      curve.downloads.zip(curve.windows).map { |count, days| count && exact(count.fdiv(days).round) }
    end
end
