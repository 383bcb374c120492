# Rails expects it to be there, as Bundler brings it along.
require "pathname"

# Debian's gems are packages that fit each other: with Debian's Rails there is nothing for Bundler to resolve, and no
# lock file to write into a directory that may only be read. It is for a reader's own Ruby.
rails = Gem::Specification.find_all_by_name("rails", ">= 7.2", "< 9").max_by(&:version)

unless rails&.loaded_from&.start_with?("/usr/share/rubygems-integration/")
  ENV["BUNDLE_GEMFILE"] ||= File.expand_path("../Gemfile", __dir__)
  require "bundler/setup"
end
