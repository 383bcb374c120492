threads_count = Integer(ENV.fetch("RAILS_MAX_THREADS", 3))
threads threads_count, threads_count

# Only this machine is answered unless somebody says otherwise (a container binds all of its addresses). A socket that
# is handed over for this very address, by PUMA_INHERIT_0=FD:tcp://…, is taken instead of a new one.
address = "tcp://#{ENV.fetch("BINDING", "127.0.0.1")}:#{ENV.fetch("PORT", 3000)}"
bind address

# Before version 7 a thread that has answered waits a fifth of a second for the same client's next request, while other
# clients wait for the thread.
enable_keep_alives false if Gem::Version.new(Puma::Const::VERSION) < Gem::Version.new("7")

# To end when asked to is no failure. As a container's first process, puma would exit with 1 otherwise.
raise_exception_on_sigterm false

# Puma ends with a trace where it can't listen. One sentence says it.
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
