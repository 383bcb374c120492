# Pages without built scripts and styles; the browser tests have the real ones.
module WithoutAssets
  extend ActiveSupport::Concern

  included do
    setup do
      @manifest = AssetsHelper.method(:manifest)
      AssetsHelper.define_singleton_method(:manifest) { { "application.css" => "a.css", "application.js" => "a.js" } }
    end

    teardown { AssetsHelper.define_singleton_method(:manifest, @manifest) }
  end
end
