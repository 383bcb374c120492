class Notification::DeliveryJob < ApplicationJob
  def perform(delivery)
    delivery.attempt
  end
end
