# How a Rake task ends by an error. A known error of the database becomes one line and its exit code; any other one is a
# bug: a backtrace and exit code 70. A module to prepend to Rake's application.
module PlainErrors
  BUG = 70

  def display_error_message(error)
    # A signal is no error.
    return if error.is_a?(SignalException)

    if (message = PlainErrors.message_for(error))
      warn message
    else
      super
    end
  end

  def exit_because_of_exception(error)
    exit(PlainErrors.exit_code(error))
  end

  def self.message_for(error)
    Database.message_for(error) if known?(error)
  end

  def self.exit_code(error)
    # The convention of shells.
    return 128 + error.signo if error.is_a?(SignalException)

    (Database.exit_code(error) if known?(error)) || BUG
  end

  # Without an initialized application, Database can't be loaded.
  def self.known?(error)
    defined?(Rails.application) && Rails.application&.initialized? && Database.exit_code(error)
  end
end
