# How a task ends by an error: in a sentence and with its exit code where its cause is known, and otherwise with the
# trace and 70, which says that the program is wrong. For Rake's application.
module PlainErrors
  BUG = 70

  def display_error_message(error)
    # Asked to end, a task ends.
    return if error.is_a?(SignalException)

    if (sentence = PlainErrors.sentence(error))
      warn sentence
    else
      super
    end
  end

  def exit_because_of_exception(error)
    exit(PlainErrors.exit_code(error))
  end

  def self.sentence(error)
    Database.sentence(error) if known?(error)
  end

  def self.exit_code(error)
    # As a shell says it.
    return 128 + error.signo if error.is_a?(SignalException)

    (Database.exit_code(error) if known?(error)) || BUG
  end

  # Rails may not have been loaded as far as that.
  def self.known?(error)
    defined?(Rails.application) && Rails.application&.initialized? && Database.exit_code(error)
  end
end
