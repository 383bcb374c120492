# The failures of a package, or all failures of an organisation.
class Api::FailuresController < Api::TableController
  table keys: %i[at id], columns: {
    at: :at, package: ->(failure) { failure.package&.name }, about: :about, kind: :kind, detail: :detail
  }

  private
    def relation = between_dates((params.key?(:name) ? package : org).failures, :at, time: true).includes(:package)
    def state = params.key?(:name) ? package : packages_state
end
