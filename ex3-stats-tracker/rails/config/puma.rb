threads_count = Integer(ENV.fetch("RAILS_MAX_THREADS", 3))
threads threads_count, threads_count

# Only this machine is answered unless somebody says otherwise (a container binds all of its addresses).
bind "tcp://#{ENV.fetch("BINDING", "127.0.0.1")}:#{ENV.fetch("PORT", 3000)}"

# Before version 7 a thread that has answered waits a fifth of a second for the same client's next request, while other
# clients wait for the thread.
enable_keep_alives false if Gem::Version.new(Puma::Const::VERSION) < Gem::Version.new("7")

# To end when asked to is no failure. As a container's first process, puma would exit with 1 otherwise.
raise_exception_on_sigterm false
