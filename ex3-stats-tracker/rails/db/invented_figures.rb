# Invented figures for work on the pages: 400 days of an organisation with a gap, with failures, with a day on which many
# more people came, with a total that falls, with pre-releases and a release that is withdrawn, and with packages that
# vanish, have no downloads, were never read or are new. Their source is the stand-in. The tracker itself never runs this.
abort "figures:invent is for development and tests, not for production" if Rails.env.production?

random = Random.new(2026)
today = Date.current
first = today - 399
now = Time.current.change(usec: 0)

ActiveRecord::Base.lease_connection.begin_transaction(joinable: false)
Org.where(name: %w[fluxcd empty-org vanished-org]).destroy_all
Org.create!(name: "empty-org", source: "stand-in")
Org.create!(name: "vanished-org", source: "stand-in", vanished_at: 3.days.ago, measured_at: 4.days.ago)
org = Org.create!(name: "fluxcd", source: "stand-in")

gap = (today - 75)..(today - 67)
outage = today - 20
viral = today - 48
# The same time each day, so that the growth over a day is that of a whole day, also just after midnight.
read_at = ->(date) { now - (today - date).days }
part_of_day = now.seconds_since_midnight / 86_400
weekday = ->(date) { [ 0.55, 1, 1.08, 1.1, 1.06, 0.95, 0.6 ][date.wday] }

# name, repository, downloads a day, total on the first day, versions, days between two releases, days since the newest
packages = [
  [ "source-controller", "source-controller", 820_000, 1_200_000_000, 30, 31, 10 ],
  [ "kustomize-controller", "kustomize-controller", 800_000, 1_180_000_000, 30, 31, 10 ],
  [ "helm-controller", "helm-controller", 760_000, 1_100_000_000, 30, 31, 10 ],
  [ "notification-controller", "notification-controller", 730_000, 1_080_000_000, 30, 31, 10 ],
  [ "image-reflector-controller", "image-reflector-controller", 160_000, 240_000_000, 20, 62, 41 ],
  [ "image-automation-controller", "image-automation-controller", 155_000, 236_000_000, 20, 62, 41 ],
  [ "flux-cli", "flux2", 90_000, 150_000_000, 40, 31, 9 ],
  [ "flagger", "flagger", 31_000, 88_000_000, 25, 47, 24 ],
  [ "flagger-loadtester", "flagger", 21_000, 55_000_000, 12, 94, 71 ],
  [ "charts/flagger", "flagger", 9_000, 23_000_000, 25, 47, 24 ],
  [ "source-watcher", "source-watcher", 9_500, 0, 2, 20, 10 ],
  [ "golang-with-libgit2-only", "golang-with-libgit2", 40, 800_000, 6, 200, 150 ],
  [ "helm-operator", "helm-operator", 0, 1_272_320, 12, 100, 500 ],
  [ "v1.2.json", nil, 1, 17, 1, 400, 400 ],
  [ "gone-for-good", nil, 20, 4_000, 2, 400, 400 ],
  [ "never-read", nil, 0, nil, 0, 0, 0 ]
]

# How much of a package's downloads a version has at an age of so many days, beside the other versions: users move to a
# release within weeks, and some stay.
weight = ->(age) { age.negative? ? 0 : (1 - Math.exp(-age / 6.0)) * Math.exp(-age / 30.0) + 0.01 }

collections = (first..today).without(*gap).map do |date|
  # One package has vanished and is no longer listed; another is new and can't be read.
  listed = packages.size - (date > today - 30 ? 1 : 0) - (date > today - 6 ? 0 : 1)
  failed = date == outage ? listed : (date > today - 6 ? 2 : 0)
  at = read_at[date]
  { org_id: org.id, state: "finished", started_at: at, finished_at: at + 40, seconds: 34 + random.rand(9.0),
    packages_listed: listed, packages_read: listed - failed, packages_failed: failed }
end
Collection.insert_all!(collections)
collection_ids = org.collections.pluck(:started_at, :id).to_h.transform_keys(&:to_date)

packages.each_with_index do |(name, repository, rate, start, versions, interval, newest), position|
  package = org.packages.create!(name:, position:, listed_at: now, repository:
    repository && Repository.find_or_create_by!(name: "fluxcd/#{repository}"))
  began = { "source-watcher" => today - 45, "never-read" => today - 5 }.fetch(name, first)
  ended = name == "gone-for-good" ? today - 30 : today
  total = start
  measurements, days, downloads, failures = [], [], [], []

  (began..ended).each do |date|
    count = (rate * weekday[date] * (date == viral ? 3 : 1) * (0.9 + random.rand * 0.2) * (1 + (date - first).to_i / 1000.0)).round
    until_read = (count * part_of_day).round
    # The pages read after the gap show its days' downloads.
    # flux-cli can't be read any more since the day after this one.
    last_read = name == "flux-cli" ? today - 6 : today
    if start && date <= last_read
      downloads << { date:, count: date == last_read ? until_read : count, read_at: [ read_at[date] + 1.day, read_at[last_read] ].min,
        settled: date < last_read }
    end
    fell = name == "flagger-loadtester" && date == today - 110
    total = (total * 0.9).round if fell
    read_total = total + until_read if start
    total += count if start
    next if gap.cover?(date)

    kind = if date == outage then "unreachable"
    elsif start.nil? then "not_found"
    elsif name == "flux-cli" && date > today - 6 then "markup_changed"
    elsif name == "helm-controller" && [ today - 3, today - 41, today - 42 ].include?(date) then "rate_limited"
    end
    at = read_at[date]
    if kind
      failures << { org_id: org.id, about: "total", kind:, at:, collection_id: collection_ids[date],
        detail: "#{name} could not be read: #{kind.tr("_", " ")} <invented>" }
      days << { date:, total: nil, measured_at: nil, fell: false, failures: 1, failure_kind: kind, versions_read: false }
    else
      measurements << { at:, total: read_total, fell:, collection_id: collection_ids[date], day_count: until_read }
      days << { date:, total: read_total, measured_at: at, fell:, failures: 0, failure_kind: nil, versions_read: versions.positive? }
    end
  end

  { Measurement => measurements, Package::Day => days, DailyDownload => downloads, Failure => failures }
    .each { |model, rows| model.insert_all!(rows.map { |row| row.merge(package_id: package.id) }) if rows.any? }
  last = days.reverse.find { |day| day[:total] }
  by_date = days.index_by { |day| day[:date] }
  growth = ->(span) { last && (before = by_date.dig(last[:date] - span, :total)) && last[:total] - before }
  failing = days.reverse.take_while { |day| day[:failure_kind] }.last
  package.update!(total: last&.dig(:total), measured_at: last&.dig(:measured_at),
    collection_id: collection_ids[ended], versions_measured_at: last&.dig(:measured_at),
    recent: downloads.last(30).pluck(:count), recent_until: downloads.last&.dig(:date),
    growth_1: growth[1], growth_7: growth[7], growth_30: growth[30], growth_365: growth[365],
    failing_since: failing && read_at[failing[:date]], failure_kind: failing&.dig(:failure_kind),
    vanished_at: ended == today ? nil : read_at[ended + 1])
  if (fall = days.find { |day| day[:fell] })
    package.update!(fell_at: fall[:measured_at], fell_from: (fall[:total] / 0.9).round)
  end

  # The newest first: each with its tag, its first day, the part of a release's users that it has, and the day on which it
  # is withdrawn. A minor release has a candidate a week earlier. Signatures have a few downloads by programs that verify
  # them.
  images = Array.new(versions) { |index|
    number, born = versions - index, today - newest - index * interval
    tag = "v#{number / 30 + 1}.#{number / 3}.#{number % 3}"
    withdrawn = born + 2 if name == "flux-cli" && index == 3
    [ [ tag, born, 1, withdrawn ], ([ "#{tag}-rc.1", born - 7, 0.02, nil ] if interval == 31 && (number % 3).zero?) ].compact
  }.flatten(1)
  signed = name == "flux-cli" ? 3 : 0
  rows, version_days = [], []
  sums = Hash.new(0)
  counts = downloads.to_h { |day| [ day[:date], day[:count] ] }
  read, stored = days.to_h { |day| [ day[:date], day[:versions_read] ] }, {}
  (versions.zero? ? [] : began..ended).each do |date|
    weights = images.map { |_, born, part, withdrawn| withdrawn && date >= withdrawn ? 0 : part * weight[(date - born).to_i] }
    images.each_with_index do |(_, born, part, withdrawn), index|
      next if date < born || (withdrawn && date >= withdrawn)
      sums[index] += ((counts[date] || 0) * 0.9 * weights[index] / weights.sum * (0.95 + random.rand * 0.1)).round
      # The first list has the versions' earlier downloads.
      sums[index] += (rate * 30 * part * Math.exp(-index / 8.0)).round if date == began
      version_days << { index:, date:, total: stored[index] = sums[index] } if read[date] && stored[index] != sums[index]
    end
  end
  stored.each do |index, sum|
    tag, born, _, withdrawn = images[index]
    rows << { tags: [ *("latest" if index.zero?), tag ], position: index, total: sum, created_at: read_at[[ born, began ].max],
      vanished_at: withdrawn && read_at[withdrawn] }
  end
  signed.times do |number|
    digest = Digest::SHA256.hexdigest("#{name} #{number}")
    rows << { tags: [ "sha256-#{digest}.#{%w[sig att][number % 2]}" ], position: rows.size, total: 900 + number, created_at: read_at[began],
      vanished_at: nil }
    version_days << { index: rows.size - 1, date: began, total: 900 + number }
  end
  rows.each { |row| row.update(package_id: package.id, github_id: 90_000_000 + package.id * 1000 - row[:position], measured_at: last[:measured_at], updated_at: now) }
  Version.insert_all!(rows) if rows.any?
  ids = package.versions.pluck(:position, :id).to_h
  version_days.map! { |day| { version_id: ids[day[:index]], **day.except(:index) } }
  Version::Day.insert_all!(version_days) if version_days.any?
end

tracked = org.packages.reload.to_a
org_days = Package::Day.where(package: tracked).group_by(&:date).sort
known = {}
org_days = org_days.map do |date, days|
  days.each { |day| known[day.package_id] = day.total if day.total }
  failed = days.select { |day| day.failures.positive? }
  tracked.each { |package| known.delete(package.id) if package.vanished? && package.vanished_at <= date.end_of_day }
  { org_id: org.id, date:, total: known.values.sum, packages_read: days.size - failed.size, packages_stale: failed.size,
    failures: failed.size, failure_kind: failed.first&.failure_kind }
end
Org::Day.insert_all!(org_days)
listed = tracked.reject(&:vanished?)
org.update!(packages_count: listed.size)
org.update_sums(today, today)
ActiveRecord::Base.lease_connection.commit_transaction

puts "#{Org.count} organisations, #{Package.count} packages, #{Measurement.count} measurements, #{Failure.count} failures"
