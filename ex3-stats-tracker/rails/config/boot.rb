# What the launcher has started ends with it, however that ended. Linux sees to it by itself, other systems do not.
# The launcher is named by its process id. A wrapper around Ruby may stand between the two; who has no parent any more
# belongs to the first process.
if (launcher = ENV["STATS_TRACKER_ENDS_WITH_PARENT"])
  parent = Process.ppid
  Thread.new do
    sleep 0.2 while Process.ppid == parent && (parent != 1 || launcher == "1")
    Process.kill :KILL, Process.pid
  end
end

# Rails expects it to be there, as Bundler brings it along.
require "pathname"

# Debian's gems are packages that fit each other: with Debian's Rails there is nothing for Bundler to resolve, and no
# lock file to write into a directory that may only be read. It is for a reader's own Ruby.
rails = Gem::Specification.find_all_by_name("rails", ">= 7.2", "< 9").max_by(&:version)

unless rails&.loaded_from&.start_with?("/usr/share/rubygems-integration/")
  ENV["BUNDLE_GEMFILE"] ||= File.expand_path("../Gemfile", __dir__)
  require "bundler/setup"
end
