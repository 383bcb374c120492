require "test_helper"

# The launcher's death ends Rails: config/boot.rb.
class LifelineTest < ActiveSupport::TestCase
  test "the process ends when the other end of its connection is closed, and not before" do
    reader, writer = UNIXSocket.pair
    script = 'require "./config/boot"; puts "ready"; $stdout.flush; sleep'
    output, input = IO.pipe
    pid = spawn({ "STATS_TRACKER_LIFELINE" => reader.fileno.to_s }, RbConfig.ruby, "-e", script,
                reader => reader, out: input, chdir: Rails.root.to_s)
    [ reader, input ].each(&:close)
    assert_equal "ready\n", output.gets
    assert_nil Process.wait(pid, Process::WNOHANG)

    writer.close
    Process.wait pid
    assert_equal Signal.list["KILL"], $?.termsig
  end
end
