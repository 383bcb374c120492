# frozen_string_literal: true

module WasmHost
  # The superclass of all exceptions about guests. Wrong arguments raise Ruby's own classes: ArgumentError, TypeError,
  # RangeError, IndexError.
  class Error < StandardError; end

  # The source is not a valid module.
  class CompileError < Error; end

  # The module can't be linked: an import is missing or has another kind or type, or the module needs more memory than its
  # limit.
  class LinkError < Error; end

  # The module has no export of this name and kind.
  class ExportError < Error; end

  # The instance is in use by another thread, or by another fiber of this thread.
  class BusyError < Error; end

  # The instance was closed.
  class ClosedError < Error; end

  # A limit was exceeded: of a memory that Ruby tried to grow, or of a program's output.
  class LimitError < Error; end

  # The guest was stopped at its time limit.
  class TimedOut < Error; end

  # The guest trapped: WebAssembly does not allow what it did. The message has the guest's stack frames, the innermost
  # first. The instance can still be used, but the guest's data may be inconsistent.
  class Trap < Error
    # The trap's code: +:unreachable+ (also a panic in Rust), +:stack_overflow+, +:memory_out_of_bounds+,
    # +:table_out_of_bounds+, +:indirect_call_to_null+, +:bad_signature+, +:integer_overflow+,
    # +:integer_division_by_zero+, +:bad_conversion_to_integer+, +:uncaught_exception+ or +:other+; nil for an unknown code.
    # @return [Symbol, nil]
    attr_reader :code
  end
end
