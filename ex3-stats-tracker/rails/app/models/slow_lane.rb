# Lets threads compute one at a time, each with Ruby's lowest priority, and with a pause after each: for work that must not
# delay other threads.
class SlowLane
  # The pause, as a multiple of the computing time before it: the work in the lane takes a quarter of the process at most.
  PAUSE = 3

  # Ruby lets a thread of this priority compute for an eighth of the usual 0.1 s.
  LOWEST_PRIORITY = -3

  # A semaphore of the free places.
  attr_reader :places

  # +places+: the most threads that are in the lane at the same time, waiting or computing.
  def initialize(places:)
    @places, @turn, @free_at = Concurrent::Semaphore.new(places), Mutex.new, 0
  end

  # Yields when it is this thread's turn. Without a free place it returns false at once.
  def enter
    return false unless @places.try_acquire

    begin
      @turn.synchronize do
        sleep [ @free_at - now, 0 ].max
        began = computed
        with_lowest_priority { yield }
      ensure
        @free_at = now + (computed - began) * PAUSE if began
      end
      true
    ensure
      @places.release
    end
  end

  private
    def with_lowest_priority
      usual = Thread.current.priority
      Thread.current.priority = LOWEST_PRIORITY
      yield
    ensure
      Thread.current.priority = usual
    end

    def now
      Process.clock_gettime(Process::CLOCK_MONOTONIC)
    end

    # The seconds that this thread has computed.
    def computed
      Process.clock_gettime(Process::CLOCK_THREAD_CPUTIME_ID)
    end
end
