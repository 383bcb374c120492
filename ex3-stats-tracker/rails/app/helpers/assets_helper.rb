# The paths of the scripts and styles that `npm run build` makes. Their names contain a hash of their content.
module AssetsHelper
  class NotBuilt < StandardError; end

  MANIFEST = Rails.public_path.join("assets/manifest.json")

  def built_asset_path(name)
    "/assets/#{AssetsHelper.manifest.fetch(name)}"
  end

  # Read again after each build: a build removes the old files, also while a server is running.
  def self.manifest
    built_at = MANIFEST.mtime
    @manifest, @built_at = JSON.parse(MANIFEST.read), built_at if @built_at != built_at
    @manifest
  rescue Errno::ENOENT
    raise NotBuilt, "public/assets/manifest.json is not there, because the dashboard's scripts and styles are not built: " \
      "run `npm ci && npm run build` in ex3-stats-tracker/rails"
  end
end
