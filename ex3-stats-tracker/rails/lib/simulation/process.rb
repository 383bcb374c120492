# A collector's process in simulated time: a thread that computes while the simulation waits for it, and waits while others
# compute. It runs one round after another, each at least an interval after the beginning of the one before. When it is
# killed, it begins a new round at once.
class Simulation::Process < SimpleDelegator
  # The pages of the request that it waits for; nil where it waits for no request.
  attr_reader :pages

  # The time of its next round, where it waits for that.
  attr_reader :wakes_at

  # The block runs a round. It is called in the thread.
  def initialize(simulation, &round)
    super(simulation)
    @round, @orders, @reports = round, Thread::Queue.new, Thread::Queue.new
    @thread = Thread.new do
      run if @orders.pop == :go
    rescue Exception => error # rubocop:disable Lint/RescueException -- the simulation raises it
      @reports << error
    else
      @reports << :ended
    end
  end

  # Lets the process compute until it waits again. +order+ is :go or :kill.
  def continue(order = :go)
    @pages = @wakes_at = nil
    @orders << order
    report = @reports.pop
    raise report if report.is_a?(Exception)
    report.is_a?(Integer) ? @pages = report : @wakes_at = (report if report != :ended)
  end

  # Ends the process and its thread.
  def finish
    continue(:kill) while @pages || @wakes_at
    @thread.join
  end

  # Called by the collector, in any thread: requests so many pages, and waits for the last one.
  def fetch(pages)
    wait pages
  end

  private
    def run
      until over?
        began = now
        begin
          round_begins
          @round.call(self)
          wait began + interval if began + interval > now
        rescue Simulation::Killed
          # As the Job of a cluster starts another pod.
        end
      end
    end

    def wait(report)
      @reports << report
      raise Simulation::Killed if @orders.pop == :kill
    end
end
