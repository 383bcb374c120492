# A notification for one receiver.
#
# A process claims a delivery before it sends it, so that no two processes send the same. Where a process ends between
# sending and storing that, the delivery is sent again after the claim: with the same token, by which the receiver can
# recognise it. After a stored success it is never sent again.
class Notification::Delivery < ApplicationRecord
  self.table_name = "notification_deliveries"

  # pending: to be sent at next_attempt_at. sent: accepted by the receiver. given_up: after the last attempt, or too old.
  STATES = %w[pending sent given_up].freeze

  # The delays after failed attempts. After the last one the delivery is given up.
  DELAYS = [ 5.seconds, 30.seconds, 5.minutes, 30.minutes, 2.hours, 6.hours, 12.hours, 1.day, 1.day ].freeze

  # An older message is no news.
  MAX_AGE = 5.days

  # The time for which a process may send. Each receiver's own time limit is shorter.
  CLAIM = 5.minutes

  # A longer Retry-After would be as long as the age of a message.
  MAX_RETRY_AFTER = 1.day

  # A receiver did not accept a message. The text never has the receiver's address, which may be a secret.
  class Refused < StandardError
    attr_reader :retry_after

    def initialize(message, retry_after: nil)
      @retry_after = retry_after
      super(message)
    end
  end

  belongs_to :notification

  scope :pending, -> { where(state: "pending") }
  scope :due, ->(now) { pending.where(next_attempt_at: ..now) }

  before_validation on: :create do
    self.token ||= SecureRandom.uuid
    self.next_attempt_at ||= Time.current
  end

  # Sends what is due to these receivers, and waits for further attempts until so many seconds have passed. +log+ is called
  # with a line for each failure.
  def self.send_pending(receivers, wait: 60, log: ->(_) {})
    of_receivers = where(receiver: receivers.map(&:name))
    of_receivers.pending.where(created_at: ...MAX_AGE.ago).update_all(state: "given_up")
    ends = wait.seconds.from_now
    loop do
      of_receivers.due(Time.current).order(:id).each do |delivery|
        Notification::DeliveryJob.perform_later(delivery)
        delivery.reload
        log.call(delivery.failure_line) if delivery.error && delivery.state != "sent"
      end
      next_at = of_receivers.pending.minimum(:next_attempt_at)
      break if next_at.nil? || next_at > ends

      pause [ next_at - Time.current, 0.05 ].max
    end
  end

  def self.pause(seconds)
    sleep seconds
  end
  private_class_method :pause

  # Sends the message, unless another process has claimed or sent it.
  def attempt(receiver = Notification::Receiver.named(self.receiver))
    return unless receiver && claim

    receiver.deliver(notification, token:)
    Database.with_retries { update!(state: "sent", sent_at: Time.current, error: nil) }
  rescue Refused => refused
    Database.with_retries { retry_later(refused) }
  end

  def failure_line
    again = state == "pending" ? "again at #{next_attempt_at.utc.iso8601}" : "given up"
    "the notification for #{receiver} was not accepted: #{error} (#{again})"
  end

  private
    # One statement: of two processes the second one finds no row.
    def claim
      now = Time.current
      claimed = self.class.due(now).where(id:).update_all([ "attempts = attempts + 1, next_attempt_at = ?", now + CLAIM ])
      reload
      claimed == 1
    end

    def retry_later(refused)
      delay = DELAYS[attempts - 1]
      if delay
        delay = [ delay, refused.retry_after&.clamp(0, MAX_RETRY_AFTER) ].compact.max
        update!(error: refused.message, next_attempt_at: Time.current + delay)
      else
        update!(error: refused.message, state: "given_up")
      end
    end
end
