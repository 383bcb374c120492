# Readings as from the component's answers.
module Readings
  def reading(total, at:, daily: {})
    at = Time.zone.parse(at) if at.is_a?(String)
    Component::Contract::Reading.new(total:, daily: daily.to_h { |date, count| [ date.to_date, count ] }, measured_at: at)
  end

  def read(package, total, at:, daily: {})
    Package.record({ package => reading(total, at:, daily:) })
    package.reload
  end
end
