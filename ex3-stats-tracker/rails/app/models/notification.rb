# A message for every configured receiver: an organisation's weekly summary, or alerts of one kind.
#
# Notifications are made from stored readings, after a collection or by `stats:notify`. Each event is stored with a unique
# key, and each delivery is a row: whoever finds the same event again makes no second message.
class Notification < ApplicationRecord
  KINDS = %w[summary release_downloads total_fell package_gone reading_failing markup_changed].freeze

  # Older events are no news: those of a time in which nobody was to be notified.
  MAX_AGE = 7.days

  # The key of the row that has the time since when an organisation's events are told.
  BEGINNING = "beginning"

  belongs_to :org
  has_many :events, class_name: "Notification::Event", dependent: :nullify
  has_many :deliveries, class_name: "Notification::Delivery", dependent: :delete_all

  # The kinds that are told, of STATS_TRACKER_NOTIFY.
  def self.told(text = ENV["STATS_TRACKER_NOTIFY"])
    kinds = text.to_s.split.presence or return KINDS
    wrong = kinds - KINDS
    wrong.empty? or raise ArgumentError, "STATS_TRACKER_NOTIFY holds #{wrong.first}, which is none of #{KINDS.to_sentence(last_word_connector: " and ")}"
    kinds
  end

  # Makes the notifications of what is new in the stored readings, for these receivers. +since+: the time since when events
  # are told, if there was no receiver before.
  def self.make(org, receivers:, since: Time.current, now: Time.current)
    return [] if receivers.empty?

    transaction do
      Event.insert_all([ { org_id: org.id, key: BEGINNING, at: since } ], unique_by: %i[org_id key])
      since = Event.find_by!(org:, key: BEGINNING).at
      found = Findings.new(org, since: [ since, now - MAX_AGE ].max, now:).to_a
      new = Event.add(org, found)
      kinds = told
      found.select { |finding| new.include?(finding.key) && finding.at && finding.at >= [ since, now - MAX_AGE ].max && kinds.include?(finding.kind) }
        .group_by(&:kind).map { |kind, of_kind| store(org, kind, of_kind, receivers) }
    end
  end

  # For `stats:notify:test`. It is not stored.
  def self.test
    new(org: Org.new(name: "test"), kind: "test", at: Time.current, data: { "source" => Source.current, "events" => [] })
  end

  def self.store(org, kind, findings, receivers)
    data = kind == "summary" ? findings.max_by(&:at).data : { "events" => findings.map { |finding| finding.data.merge("at" => finding.at.utc.iso8601) } }
    create!(org:, kind:, at: findings.map(&:at).max, data: data.merge("source" => org.source)).tap do |notification|
      Event.where(org:, key: findings.map(&:key)).update_all(notification_id: notification.id)
      receivers.each { |receiver| notification.deliveries.create!(receiver: receiver.name) }
    end
  end
  private_class_method :store
end
