# frozen_string_literal: true

module GhcrPage
  # A page without an answer. Nothing is guessed from it.
  class Error < StandardError
    # Why, as the parser and the tracker say it: +:rate_limited+, +:not_a_package_page+, +:truncated+, +:too_large+,
    # +:not_utf8+ or +:markup_changed+.
    # @return [Symbol]
    def kind
      self.class::KIND
    end
  end

  # GitHub's rate-limit page.
  class RateLimited < Error
    # @private
    KIND = :rate_limited
  end

  # Any other page: a login page, a 404 page, no page at all.
  class NotAPackagePage < Error
    # @private
    KIND = :not_a_package_page
  end

  # A page that was cut.
  class Truncated < Error
    # @private
    KIND = :truncated
  end

  # A page of more than 8 MiB, or of too many tags.
  class TooLarge < Error
    # @private
    KIND = :too_large
  end

  # A page that is not UTF-8.
  class NotUtf8 < Error
    # @private
    KIND = :not_utf8
  end

  # A package page, but not as the parser knows it.
  class MarkupChanged < Error
    # @private
    KIND = :markup_changed

    # What changed: +:label_missing+, for example.
    # @return [Symbol]
    attr_reader :what
  end
end
