# The figures in Prometheus's text format.
class Metrics
  CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

  def to_s
    @text = +""
    orgs = Org.ordered.to_a
    names = orgs.to_h { |org| [ org.id, { org: org.name, source: org.source } ] }
    packages = Package.listed.order(:org_id, :position).pluck(:org_id, :name, :total, :measured_at, :failure_kind)
    # One query for each organisation reads only the end of an index; there may be years of collections.
    collections = orgs.filter_map(&:last_collection)

    gauge "stats_tracker_org_downloads", "All downloads of the organisation's packages, as last read.",
      orgs.map { |org| [ names[org.id], org.total ] }
    gauge "stats_tracker_package_downloads", "All downloads of the package, as last read.",
      packages.map { |org_id, name, total| [ { **names[org_id], package: name }, total ] }
    gauge "stats_tracker_package_last_success_timestamp_seconds", "When the package was last read.",
      packages.map { |org_id, name, _, measured_at| [ { **names[org_id], package: name }, measured_at&.to_i ] }
    gauge "stats_tracker_failing_packages", "Packages whose last reading failed, by kind.",
      packages.filter_map { |org_id, *, kind| [ org_id, kind ] if kind }.tally.map { |(org_id, kind), count| [ { **names[org_id], kind: }, count ] }
    gauge "stats_tracker_last_success_timestamp_seconds", "When a collection of the organisation last finished.",
      orgs.filter_map { |org| (success = org.last_success) && [ names[org.id], success.finished_at.to_i ] }
    gauge "stats_tracker_collection_duration_seconds", "How long the last collection took.",
      collections.map { |collection| [ names[collection.org_id], collection.seconds ] }
    gauge "stats_tracker_collection_packages", "The last collection's packages, by outcome.",
      collections.flat_map { |collection|
        { listed: collection.packages_listed, read: collection.packages_read, failed: collection.packages_failed, resting: collection.packages_resting }
          .map { |outcome, count| [ { **names[collection.org_id], outcome: }, count ] }
      }
    gauge "stats_tracker_collection_failures", "The last collection's failures, by kind.", failures_of(collections, names)
    gauge "stats_tracker_collection_stopped", "Whether the last collection was stopped and is to be resumed.",
      collections.map { |collection| [ names[collection.org_id], collection.stopped? ? 1 : 0 ] }
    round_of orgs
    @text
  end

  private
    def round_of(orgs)
      round, sources = Round.configured, orgs.to_h { |org| [ org.name, org.source ] }
      gauge "stats_tracker_org_never_read", "Whether the configured organisation was never read.",
        round.names.map { |org| [ { org:, source: sources.fetch(org) { Source.current } }, round.never_read.include?(org) ? 1 : 0 ] }
      gauge "stats_tracker_round_seconds", "How long a collection of every configured organisation takes, by the last ones.", [ [ {}, round.seconds ] ]
      gauge "stats_tracker_round_limit_seconds", "How long it may take: the time until the next one begins.", [ [ {}, (Round.limit if round.names.any?) ] ]
    end

    # A kind without failures is exported as 0, so that an alert on it can resolve.
    def failures_of(collections, names)
      collections.flat_map do |collection|
        counts = collection.failures.group(:kind).count
        Failure::KINDS.map { |kind| [ { **names[collection.org_id], kind: }, counts.fetch(kind, 0) ] }
      end
    end

    def gauge(name, help, samples)
      @text << "# HELP #{name} #{help}\n# TYPE #{name} gauge\n"
      samples.each do |labels, value|
        # An unknown value has no sample: 0 would be wrong.
        @text << name << "{" << labels.map { |label, text| %(#{label}="#{escape(text)}") }.join(",") << "} #{value}\n" unless value.nil?
      end
    end

    def escape(text)
      text.to_s.gsub(/[\\"\n]/, "\\" => "\\\\", '"' => '\\"', "\n" => "\\n")
    end
end
