# A tag that looks like a release: v1.2.3, 1.2, or 1.2.3-rc.1 as a pre-release.
class Release
  PATTERN = /\A(v?)(\d{1,8})\.(\d{1,8})(?:\.(\d{1,8}))?(-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?\z/

  attr_reader :tag

  # The release among a version's tags; nil where there is none. Of 1, 1.2 and 1.2.3 the last is the release's own tag,
  # the others move on to the next one.
  def self.among(tags)
    tags.filter_map { |tag| parse(tag) }.max_by { |release| [ release.precision, release.pre? ? 0 : 1 ] }
  end

  def self.parse(tag)
    match = PATTERN.match(tag)
    new(tag, match) if match
  end

  def initialize(tag, match)
    @tag = tag
    @prefix, @major, @minor, @patch, @pre = match.captures
  end

  def pre?
    @pre.present?
  end

  # How many of the three numbers the tag has.
  def precision
    @patch ? 3 : 2
  end

  # "v1.2"
  def minor
    "#{@prefix}#{@major}.#{@minor}"
  end

  # "v1"
  def major
    "#{@prefix}#{@major}"
  end
end
