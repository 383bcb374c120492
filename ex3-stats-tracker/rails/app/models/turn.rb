# The order of reading: what was not read for longest is next. So a round that is stopped or killed favours nothing that
# happens to be first in a list.
#
#   turn of an organisation = the start of its latest collection that has ended, or that was begun MAX_RUNS times
#   turn of a package       = the later one of its last reading and its last failure of its own
#
# The earliest turn is next. What has none was never read, and comes first. Equal turns keep their order: that of the
# setting, or that of GitHub's list.
#
# A stopped or killed collection has not ended: its organisation keeps its turn, and is resumed first. The third time it
# goes on to the end of the line, so that an organisation that stops every collection does not keep out all others. For
# the same reason a package that fails has had its turn.
module Turn
  MAX_RUNS = 3

  # These say nothing of the package: GitHub was not asked for it, or did not want to be.
  FAILURES_OF_GITHUB = %w[rate_limited interrupted].freeze

  OF_ORG = Arel.sql(<<~SQL.squish)
    (SELECT MAX(started_at) FROM collections WHERE org_id = orgs.id AND (finished_at IS NOT NULL OR runs >= #{MAX_RUNS}))
  SQL

  extend self

  # The organisations' names, in the order of their turns.
  def of_orgs(names)
    turns = Org.where(name: names).pluck(:name, OF_ORG).to_h
    in_order(names) { |name| turns[name] }
  end

  # Packages of one organisation, in the order of their turns.
  def of_packages(packages)
    failing = packages.select(&:failing?)
    failures = Failure.where(package: failing, about: "total").where.not(kind: FAILURES_OF_GITHUB).group(:package_id).maximum(:at)
    in_order(packages) { |package| [ package.measured_at, failures[package.id] ].compact.max }
  end

  # Sorts by the turns that the block returns.
  def in_order(list)
    list.each_with_index.sort_by { |one, index|
      turn = yield(one)
      turn = Time.find_zone("UTC").parse(turn) if turn.is_a?(String)
      [ turn ? turn.to_f : 0, index ]
    }.map(&:first)
  end
end
