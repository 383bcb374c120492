# E-mails are plain text: names of packages can't be anything but text there.
class NotificationMailer < ApplicationMailer
  # A mail program shows a second message with the same Message-ID as one.
  def told
    notification, token, from = params.values_at(:notification, :token, :from)
    @text = Notification::Text.new(notification)
    # Auto-Submitted: no automatic replies (RFC 3834).
    headers "Message-ID" => "<#{token}@#{from[/[^@]+\z/]}>", "Auto-Submitted" => "auto-generated", "Idempotency-Key" => token
    mail to: params[:to], from:, subject: Notification::Text.plain_title(notification).truncate(150), delivery_method_options: params[:server]
  end
end
