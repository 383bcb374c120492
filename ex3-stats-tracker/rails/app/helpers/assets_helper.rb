# The scripts and styles that `npm run build` makes, under the names it gave them.
module AssetsHelper
  class NotBuilt < StandardError; end

  # Read again after a build only where code is reloaded, too.
  def built_asset_path(name)
    "/assets/#{AssetsHelper.manifest.fetch(name)}"
  end

  def self.manifest
    return read_manifest if Rails.application.config.enable_reloading
    @manifest ||= read_manifest
  end

  def self.read_manifest
    JSON.parse(Rails.public_path.join("assets/manifest.json").read)
  rescue Errno::ENOENT
    raise NotBuilt, "public/assets/manifest.json is not there, because the dashboard's scripts and styles are not built: " \
      "run `npm ci && npm run build` in #{Rails.root.basename}"
  end
  private_class_method :read_manifest
end
