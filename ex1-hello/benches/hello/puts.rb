# frozen_string_literal: true

# Says the line as a Rubyist does, with `puts`.
class Speaker
  def self.at(path, sync) = new(File.open(path, "w"), sync)

  # With +sync+ each `puts` is a write to the system, as on a terminal; without, Ruby collects lines in a buffer.
  def initialize(sink, sync)
    @sink = sink
    @sink.sync = sync
  end

  # Kernel#puts writes to whatever $stdout is.
  def take_over = $stdout = @sink

  def say = puts("Hello World from WebAssembly!")

  # `while` is the cheapest loop that Ruby has.
  def repeat(times)
    while times.positive?
      puts "Hello World from WebAssembly!"
      times -= 1
    end
  end

  def flush = @sink.flush
end
