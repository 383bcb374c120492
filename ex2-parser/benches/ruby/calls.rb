# frozen_string_literal: true

# The cost of a call without a gem. Each function only returns 42.
class Calls
  def self.versions
    {}
  end

  def self.answer = 42

  # Calls a Ruby method.
  def self.ruby(times)
    last = answer
    while (times -= 1).positive?
      last = answer
    end
    last
  end

  # Calls a native function in Rust, with magnus. The bench's process defines it.
  def self.native(times)
    last = NativeCall.answer
    while (times -= 1).positive?
      last = NativeCall.answer
    end
    last
  end
end
