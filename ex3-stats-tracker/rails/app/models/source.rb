# The source of the figures: github.com, or a stand-in for it on this machine, whose figures are invented.
module Source
  def self.current
    (ENV["STATS_TRACKER_SOURCE"].presence || "github.com").tap do |source|
      Org::SOURCES.include?(source) or
        raise ArgumentError, "STATS_TRACKER_SOURCE is #{Org::SOURCES.to_sentence(last_word_connector: " or ", two_words_connector: " or ")}, not #{source}"
    end
  end
end
