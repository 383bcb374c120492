# frozen_string_literal: true

module GhcrPage
  # A page without counts. No number is guessed.
  class Error < StandardError
    # The reason: +:rate_limited+, +:not_a_package_page+, +:truncated+, +:too_large+, +:not_utf8+ or +:markup_changed+.
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

  # Any other page: a login page, a 404 page, or text that is no HTML.
  class NotAPackagePage < Error
    # @private
    KIND = :not_a_package_page
  end

  # A page without its end.
  class Truncated < Error
    # @private
    KIND = :truncated
  end

  # A page of more than 8 MiB, or with too many tags.
  class TooLarge < Error
    # @private
    KIND = :too_large
  end

  # A page that is not UTF-8.
  class NotUtf8 < Error
    # @private
    KIND = :not_utf8
  end

  # A package page with other markup than the parser knows.
  class MarkupChanged < Error
    # @private
    KIND = :markup_changed

    # The change, for example +:label_missing+.
    # @return [Symbol]
    attr_reader :what
  end
end
