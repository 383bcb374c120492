# Most of them wait, for the database or in the slow lane (ComputingLimited): Ruby computes in one thread at a time.
threads_count = Integer(ENV.fetch("RAILS_MAX_THREADS", 16))
threads threads_count, threads_count

# By default puma listens on the loopback interface only; a container sets BINDING to all of its addresses. The launcher
# hands a listening socket over (bin/dashboard): puma uses it where its address equals this one.
address = "tcp://#{ENV.fetch("BINDING", "127.0.0.1")}:#{ENV.fetch("PORT", 3000)}"
bind address

# Before version 7 a thread waits 0.2 s after an answer for the same client's next request, while other clients wait for
# the thread.
enable_keep_alives false if Gem::Version.new(Puma::Const::VERSION) < Gem::Version.new("7")

# SIGTERM is a normal end. Otherwise puma exits with 1 as a container's first process.
raise_exception_on_sigterm false

# One line instead of puma's backtrace where it can't listen.
at_exit do
  reason, code = case $!
  when Errno::EADDRINUSE then [ "it is in use: end what listens there, or set PORT to another", 69 ]
  when Errno::EACCES then [ "this user may not listen there: set PORT to 1024 or more", 64 ]
  when Errno::EADDRNOTAVAIL, SocketError, URI::Error then [ "it is no address of this machine's: set BINDING and PORT", 64 ]
  end
  if reason
    warn "the dashboard can't listen on #{address}: #{reason}"
    $stderr.flush
    exit! code
  end
end
