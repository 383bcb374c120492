# Lets pages of any origin read the answers: they are public, and there are no cookies that would give them other figures.
module CrossOrigin
  extend ActiveSupport::Concern

  included { before_action :allow_any_origin }

  private
    def allow_any_origin
      headers["Access-Control-Allow-Origin"] = "*"
      headers["Access-Control-Expose-Headers"] = "ETag, Link, Retry-After"
    end
end
