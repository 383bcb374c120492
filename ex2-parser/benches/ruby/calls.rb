# frozen_string_literal: true

# What a call costs that needs no gem. Each returns 42, and does nothing else.
class Calls
  def self.versions
    {}
  end

  def self.answer = 42

  # A method of Ruby's.
  def self.ruby(times)
    last = answer
    while (times -= 1).positive?
      last = answer
    end
    last
  end

  # A native function in Rust, by magnus. The process that has Ruby defines it.
  def self.native(times)
    last = NativeCall.answer
    while (times -= 1).positive?
      last = NativeCall.answer
    end
    last
  end
end
