# Processes that a test starts and kills. Each is a fork, with its own connection to the database.
module Processes
  extend ActiveSupport::Concern

  included do
    # What another process writes is news to a cache of queries.
    setup { ActiveRecord::Base.connection_pool.disable_query_cache! }
  end

  Child = Struct.new(:pid, :said) do
    # As a power cut does it: nothing of the process runs any more.
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

  # The block runs in the process; what it writes to its argument can be read here.
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
      rescue Exception => error # rubocop:disable Lint/RescueException -- whatever it is, the test is told
        writer.puts "#{error.class}: #{error.message}"
        status = 1
      end
      # Without what the test process has prepared for its own end.
      exit! status
    end
    HangReport.forks << pid
    writer.close
    Child.new(pid, reader)
  end
end
