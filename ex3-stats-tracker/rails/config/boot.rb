# A process that the launcher has started ends with it, also when the launcher is killed. On Linux the launcher arranges
# this with PR_SET_PDEATHSIG; other systems need this thread. The variable has the launcher's process id. The parent may be
# a wrapper around Ruby instead of the launcher. A process without a parent belongs to process 1.
if (launcher = ENV["STATS_TRACKER_ENDS_WITH_PARENT"])
  parent = Process.ppid
  Thread.new do
    sleep 0.2 while Process.ppid == parent && (parent != 1 || launcher == "1")
    Process.kill :KILL, Process.pid
  end
end

# Rails needs it, and only Bundler would load it.
require "pathname"

# Debian's packages of gems fit each other: with Debian's Rails there is nothing for Bundler to resolve, and this directory
# may be read-only, without a lock file. Bundler is for any other Ruby installation.
rails = Gem::Specification.find_all_by_name("rails", ">= 7.2", "< 9").max_by(&:version)

unless rails&.loaded_from&.start_with?("/usr/share/rubygems-integration/")
  ENV["BUNDLE_GEMFILE"] ||= File.expand_path("../Gemfile", __dir__)
  require "bundler/setup"
end
