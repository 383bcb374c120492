require "test_helper"

# Deliveries to a real HTTP server, also by processes that are killed: retried after a failure, never again after a success.
class Notification::DeliveryTest < ActiveSupport::TestCase
  include Processes

  # Other processes see only committed rows.
  self.use_transactional_tests = false

  Delivery = Notification::Delivery

  setup { @org = Org.create!(name: "delivered", source: "github.com") }

  teardown do
    @receiver&.stop
    Org.where(name: "delivered").destroy_all
  end

  test "a failure is retried with growing pauses, a success never" do
    receive { |number, response| response.status = number <= 3 ? 500 : 204 }
    deliveries 1
    pauses, lines = [], []
    stub_pause(pauses)
    send_pending(wait: 1.hour.to_i, log: lines.method(:push))
    assert_equal [ 5, 30, 300 ], pauses.map(&:round)
    assert_equal [ 4, [ "sent" ], [ nil ] ], [ @receiver.received.size, *Delivery.pluck(:state, :error).transpose ]
    assert_equal 1, @receiver.received.map(&:key).uniq.size
    assert_match(/\Athe notification for slack was not accepted: status 500 \(again at \d{4}-.*Z\)\z/, lines.first)
    assert_no_match(/secret/, lines.join)
    travel 1.day
    send_pending
    assert_equal 4, @receiver.received.size
  end

  test "within the time of a pass only: the next pass sends the rest" do
    receive { |number, response| response.status = number <= 2 ? 503 : 200 }
    deliveries 1
    pauses = []
    stub_pause(pauses)
    send_pending(wait: 6)
    assert_equal [ [ 5 ], 2, "pending" ], [ pauses.map(&:round), @receiver.received.size, Delivery.sole.state ]
    send_pending(wait: 0)
    assert_equal 2, @receiver.received.size
    travel 31.seconds
    send_pending(wait: 0)
    assert_equal [ 3, "sent" ], [ @receiver.received.size, Delivery.sole.state ]
  end

  test "Retry-After is waited for" do
    receive { |_, response| response.status = 429 and response["Retry-After"] = "7200" }
    deliveries 1
    send_pending(wait: 0)
    assert_in_delta 7200, Delivery.sole.next_attempt_at - Time.current, 5
    # No longer than a day.
    @receiver.stop
    receive { |_, response| response.status = 429 and response["Retry-After"] = "999999999" }
    travel 2.hours + 1.minute
    send_pending(wait: 0)
    assert_in_delta 1.day, Delivery.sole.next_attempt_at - Time.current, 5
  end

  test "given up after the last attempt, and when it is too old" do
    receive { |_, response| response.status = 500 }
    delivery = deliveries(1).sole
    delivery.update!(attempts: Delivery::DELAYS.size)
    lines = []
    send_pending(wait: 0, log: lines.method(:push))
    assert_equal "given_up", delivery.reload.state
    assert_match(/status 500 \(given up\)\z/, lines.sole)
    delivery.update!(state: "pending", attempts: 0, next_attempt_at: Time.current, created_at: 6.days.ago)
    send_pending(wait: 0)
    assert_equal [ "given_up", 1 ], [ delivery.reload.state, @receiver.received.size ]
  end

  test "a receiver that refuses does not keep others from their messages, and one that is not set is left alone" do
    receive
    deliveries(1).sole.notification.deliveries.create!(receiver: "discord")
    with_refused_port_and_slack do
      stub_pause([])
      send_pending(wait: 0)
    end
    assert_equal({ "slack" => "sent", "discord" => "pending" }, Delivery.pluck(:receiver, :state).to_h)
    @receiver.received.clear
    send_pending(wait: 0)
    assert_empty @receiver.received
  end

  test "two processes at once send each message once" do
    receive { sleep 0.02 }
    deliveries 20
    children = Array.new(2) { process { send_pending(wait: 0) } }
    assert(children.map { |child| child.wait.success? }.all?)
    assert_equal [ 20, 20 ], [ @receiver.received.size, @receiver.received.map(&:key).uniq.size ]
    assert_equal [ "sent" ], Delivery.distinct.pluck(:state)
  end

  test "a process that is killed between sending and storing: the message comes again with the same key, and no third time" do
    arrived = Thread::Queue.new
    receive { |number, _| arrived << number and (sleep 0.5 if number == 1) }
    deliveries 1
    child = process { send_pending(wait: 0) }
    arrived.pop
    child.kill
    # The claim of the killed process.
    send_pending(wait: 0)
    assert_equal [ 1, "pending" ], [ @receiver.received.size, Delivery.sole.state ]
    travel Delivery::CLAIM + 1.second
    send_pending(wait: 0)
    assert_equal [ 2, 1, "sent" ], [ @receiver.received.size, @receiver.received.map(&:key).uniq.size, Delivery.sole.state ]
    travel 1.day
    send_pending(wait: 0)
    assert_equal 2, @receiver.received.size
  end

  private
    def receive(&)
      @receiver = WebhookReceiver.new(&)
    end

    def deliveries(count)
      Array.new(count) do |number|
        notification = Notification.create!(org: @org, kind: "package_gone", at: Time.current,
          data: { "source" => "github.com", "events" => [ { "package" => "p#{number}", "total" => 1 } ] })
        notification.deliveries.create!(receiver: "slack")
      end
    end

    def send_pending(**)
      with_environment("STATS_TRACKER_SLACK_WEBHOOK_URL" => @receiver.url) do
        Delivery.send_pending(Notification::Receiver.all, **)
      end
    end

    # discord's host is not found; slack's receiver answers.
    def with_refused_port_and_slack(&)
      with_environment("STATS_TRACKER_DISCORD_WEBHOOK_URL" => "http://discord.invalid/", &)
    end

    # Time travels instead of pausing.
    def stub_pause(pauses)
      test = self
      Delivery.singleton_class.send(:define_method, :pause) do |seconds|
        pauses << seconds
        test.travel(seconds.ceil + 1)
      end
    end
end
