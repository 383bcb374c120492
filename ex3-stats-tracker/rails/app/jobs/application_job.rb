# Jobs run in the process that enqueues them: the collector ends after its collection, and there is no other process that
# may write. What outlives the process is a row of the database, see Notification::Delivery.
class ApplicationJob < ActiveJob::Base
end
