# The browser tests' data, for an empty database: the invented figures, and special cases that only tests need. run.mjs runs
# it with bin/rails runner.
ActiveRecord::Migration.suppress_messages { ActiveRecord::Base.connection_pool.migration_context.migrate }
load Rails.root.join("db/invented_figures.rb")

NOW = Time.current.change(usec: 0)
TODAY = Date.current

# A package with a total on each of `totals`' days and downloads on each of `downloads`': {date => number}.
def package!(org, name, totals: {}, downloads: {}, **attributes)
  package = org.packages.create!(name:, listed_at: NOW, total: totals.values.last, measured_at: totals.any? ? NOW : nil,
    recent: downloads.values.last(30), recent_until: downloads.keys.last, **attributes)
  days = totals.map { |date, total| { package_id: package.id, date:, total:, measured_at: date.to_time(:utc) + 9.hours } }
  Package::Day.insert_all!(days) if days.any?
  counted = downloads.map { |date, count| { package_id: package.id, date:, count:, read_at: NOW, settled: date < TODAY } }
  DailyDownload.insert_all!(counted) if counted.any?
  package
end

def org!(name, source: "stand-in", **attributes)
  Org.create!(name:, source:, **attributes)
end

def collection!(org, **attributes)
  org.collections.create!(state: "finished", started_at: NOW - 60, finished_at: NOW, **attributes)
end

# 90 days: no total and no downloads from the 50th to the 21st day before today, and no downloads at all (zero, not
# unknown) on the 10th before.
org = org!("gap-org", total: 9_000_000, packages_count: 1, measured_at: NOW)
known = (TODAY - 89..TODAY).reject { |date| (TODAY - 50..TODAY - 21).cover?(date) }
package!(org, "with-gap",
  totals: known.index_with { |date| 9_000_000 - (TODAY - date).to_i * 10_000 },
  downloads: known.index_with { |date| date == TODAY - 10 ? 0 : 10_000 })
Org::Day.insert_all!(known.map { |date| { org_id: org.id, date:, total: 9_000_000 - (TODAY - date).to_i * 10_000, packages_read: 1 } })

org = org!("all-failed-org")
collection = collection!(org, packages_listed: 2, packages_read: 0, packages_failed: 2)
%w[one two].each do |name|
  package = package!(org, name, failing_since: NOW, failure_kind: "markup_changed")
  package.failures.create!(org:, collection:, at: NOW, about: "total", kind: "markup_changed", detail: "a page without a total")
end

org = org!("new-org", total: 17, packages_count: 1, measured_at: NOW)
collection!(org, packages_listed: 1, packages_read: 1)
package!(org, "read-once", totals: { TODAY => 17 })
org.days.create!(date: TODAY, total: 17, packages_read: 1)

# The only organisation with the source github.com. Its last reading was five days ago.
org = org!("real-org", source: "github.com", total: 400, packages_count: 1, measured_at: NOW - 5.days)
collection!(org, packages_listed: 1, packages_read: 1)
package!(org, "stale", totals: { TODAY - 6 => 390, TODAY - 5 => 400 }, growth_1: 10)
  .update!(measured_at: NOW - 5.days)
org.days.create!(date: TODAY - 5, total: 400, packages_read: 1)

org = org!("hostile-org", total: 6, packages_count: 6, measured_at: NOW)
collection!(org, packages_listed: 6, packages_read: 6)
[ "<script>document.title='owned'</script>", "<img src=x onerror=document.title='owned'>", "\"'><b>bold", "=HYPERLINK(\"x\")",
  "a/b/c%2F?q=1#frag&x=y,z", "{{7*7}} ${7*7} \u202Eevil" ].each do |name|
  package = package!(org, name, totals: { TODAY - 1 => 5, TODAY => 6 }, downloads: { TODAY - 1 => 1, TODAY => 1 },
    repository: Repository.find_or_create_by!(name: "hostile-org/#{name}"), growth_1: 1, failing_since: NOW, failure_kind: "unreachable")
  package.failures.create!(org:, at: NOW, about: "versions", kind: "unreachable", detail: "</td><script>document.title='owned'</script>")
  version = package.versions.create!(github_id: package.id, tags: [ "</li><script>document.title='owned'</script>" ], total: 6, measured_at: NOW)
  version.days.create!(date: TODAY, total: 6)
end
org.days.create!(date: TODAY, total: 6, packages_read: 6)

org = org!("large-org", total: 450 * 451 / 2, packages_count: 450, measured_at: NOW)
collection!(org, packages_listed: 450, packages_read: 450)
rows = (1..450).map do |number|
  { org_id: org.id, name: format("package-%03d", number), position: number, total: number, growth_7: 450 - number,
    recent: Array.new(30) { number }, recent_until: TODAY, measured_at: NOW, listed_at: NOW }
end
Package.insert_all!(rows)
org.days.create!(date: TODAY, total: org.total, packages_read: 450)
