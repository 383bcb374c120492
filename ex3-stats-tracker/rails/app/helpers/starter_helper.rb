# What happens next where nothing was read yet, in the words of the program that started the tracker.
module StarterHelper
  # The command that starts the tracker for an organisation, as its README has it.
  def cargo_command(org)
    [ "cargo run -p ex3-stats-tracker -- --org #{org}", *("--stand-in" if Source.current == "stand-in") ].join(" ")
  end

  # "cargo", "helm", or nil for a tracker that was started by hand.
  def started_by
    Rails.configuration.x.started_by
  end

  # Whether the tracker's program collects this organisation. Only cargo's has a dashboard that knows it.
  def collects?(org)
    ENV["STATS_TRACKER_ORGS"].to_s.downcase.split.include?(org)
  end
end
