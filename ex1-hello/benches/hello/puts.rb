# frozen_string_literal: true

# Prints the line with `puts`, as a Ruby program does.
class Speaker
  def self.at(path, sync) = new(File.open(path, "w"), sync)

  # With +sync+ each `puts` is a system call, as on a terminal. Without it Ruby buffers the lines.
  def initialize(sink, sync)
    @sink = sink
    @sink.sync = sync
  end

  # Kernel#puts writes to $stdout.
  def take_over = $stdout = @sink

  def say = puts("Hello World from WebAssembly!")

  # `while` is Ruby's cheapest loop.
  def repeat(times)
    while times.positive?
      puts "Hello World from WebAssembly!"
      times -= 1
    end
  end

  def flush = @sink.flush
end
