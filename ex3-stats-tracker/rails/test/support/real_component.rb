# For tests with the real component, which reads the stand-in's pages.
module RealComponent
  extend ActiveSupport::Concern

  CLOCK = Time.utc(2026, 5, 10, 12)

  included do
    setup do
      ENV["STATS_TRACKER_STAND_IN_URL"].present? && ENV["STATS_TRACKER_COMPONENT_URL"].present? or
        flunk "no component and no stand-in: run this by `cargo test -p ex3-stats-tracker --test rails`"
      Org.where(name: "fluxcd").destroy_all
      stand_in.clear_faults
      stand_in.clear_log
      stand_in.now = CLOCK
    end

    teardown { stand_in.clear_faults if ENV["STATS_TRACKER_STAND_IN_URL"].present? }
  end

  def stand_in
    @stand_in ||= StandIn.from_environment
  end
end
