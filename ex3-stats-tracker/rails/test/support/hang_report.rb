# A time limit for each test. After it the report names the test, prints the backtraces of all threads of the process and
# of its forks, and ends the run as failed. A test that hangs would otherwise be killed from outside, without a backtrace.
module HangReport
  Running = Data.define(:name, :ends)

  @forks = []

  class << self
    # The current test, and the process ids of its forks.
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
          # It has ended.
        end
        # The forks need a moment to print their backtraces.
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
