# A test that hangs would otherwise be ended from outside, without a word of where it stood.
#
# When a test's time limit is over, the report names the test, prints where each thread of the process and of its forks
# stands, and ends the run as failed.
module HangReport
  Running = Data.define(:name, :ends)

  @forks = []

  class << self
    # The test that runs, and the processes that tests have forked.
    attr_accessor :running, :forks

    def start
      Thread.new do
        loop do
          sleep 1
          report(running.name) if running && now > running.ends
        end
      end
    end

    def now = Process.clock_gettime(Process::CLOCK_MONOTONIC)

    def threads
      Thread.list.map { |thread| "#{Process.pid} #{thread.inspect}\n#{thread.backtrace&.join("\n")}\n" }.join("\n")
    end

    private
      def report(name)
        warn "#{name} is over its time limit. Its threads:\n\n#{threads}"
        forks.each do |pid|
          Process.kill :QUIT, pid
        rescue Errno::ESRCH
          # Ended.
        end
        # Until they have said it.
        sleep 2
        exit! 1
      end
  end

  # Seconds. Far more than any test takes on a busy machine.
  def time_limit = 300

  def before_setup
    HangReport.running = Running.new("#{self.class}##{name}", HangReport.now + time_limit)
    super
  end

  def after_teardown
    super
    HangReport.running = nil
  end
end
