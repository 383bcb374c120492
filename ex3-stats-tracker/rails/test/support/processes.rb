# Child processes that a test starts and kills. Each is a fork with its own connection to the database.
module Processes
  extend ActiveSupport::Concern

  included do
    # The query cache does not see other processes' writes.
    setup { ActiveRecord::Base.connection_pool.disable_query_cache! }
  end

  Child = Struct.new(:pid, :output) do
    # SIGKILL: as after a power cut, no code of the process runs any more.
    def kill
      Process.kill :KILL, pid
      wait
    end

    def wait
      Process.wait pid
      HangReport.forks.delete pid
      $?
    end
  end

  # Runs the block in the child process. The child's +output+ has what the block writes to its argument.
  def process
    ActiveRecord::Base.connection_handler.clear_all_connections!(:all)
    reader, writer = IO.pipe
    pid = fork do
      trap(:QUIT) { warn HangReport.threads }
      reader.close
      writer.sync = true
      status = 0
      begin
        yield writer
      rescue Exception => error # rubocop:disable Lint/RescueException -- any error fails the test
        writer.puts "#{error.class}: #{error.message}"
        status = 1
      end
      # exit! skips the test process's at_exit blocks.
      exit! status
    end
    HangReport.forks << pid
    writer.close
    Child.new(pid, reader)
  end

  # A child process that holds the lock of an organisation's collection until it is killed.
  def lock_holder(org)
    holder = process do |output|
      Collection::Lock.hold(org) do
        output.puts "held"
        sleep
      end
    end
    assert_equal "held", holder.output.gets.chomp
    holder
  end
end
