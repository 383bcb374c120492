require "socket"

# A port where nobody listens, and where nobody can meanwhile: one that was only free a moment ago may be another
# program's by the time it is asked, and that may never answer.
module RefusedPort
  def with_refused_port
    socket = Socket.new(:INET, :STREAM)
    socket.bind(Addrinfo.tcp("127.0.0.1", 0))
    yield socket.local_address.ip_port
  ensure
    socket&.close
  end
end
