# frozen_string_literal: true

module WasmHost
  # What every exception about a guest inherits from. Wrong arguments raise Ruby's own: ArgumentError, TypeError,
  # RangeError, IndexError.
  class Error < StandardError; end

  # The source is no module that can be compiled.
  class CompileError < Error; end

  # The module and what it was handed don't fit: an import is missing or of another kind, or it asks for more memory
  # than it may have.
  class LinkError < Error; end

  # The module exports nothing by that name, or something of another kind.
  class ExportError < Error; end

  # Somebody else uses the instance: another thread, or another fiber of this one.
  class BusyError < Error; end

  # The instance was closed.
  class ClosedError < Error; end

  # The guest was stopped because it wanted more than it may have: memory that Ruby was to add, or output.
  class LimitError < Error; end

  # The guest was stopped because its time was up.
  class TimedOut < Error; end

  # The guest did something that WebAssembly doesn't allow. The message has the guest's frames, the innermost first.
  # The instance can still be used, but what the guest was in the middle of is half done.
  class Trap < Error
    # What it did: +:unreachable+ (as a program that panics does), +:stack_overflow+, +:memory_out_of_bounds+,
    # +:table_out_of_bounds+, +:indirect_call_to_null+, +:bad_signature+, +:integer_overflow+,
    # +:integer_division_by_zero+, +:bad_conversion_to_integer+, +:uncaught_exception+ or +:other+; nil where that
    # isn't known.
    # @return [Symbol, nil]
    attr_reader :code
  end
end
