# A process that the launcher has started ends with it, also when the launcher is killed. On Linux the kernel does this
# (PR_SET_PDEATHSIG) wherever it was asked in time; elsewhere this thread does. The variable has the number of an open
# descriptor: one end of a connection whose other end only the launcher holds, and over which nothing comes any more.
if (descriptor = ENV["STATS_TRACKER_LIFELINE"])
  lifeline = IO.for_fd(Integer(descriptor))
  Thread.new do
    lifeline.read
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
