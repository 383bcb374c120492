require "socket"

# A port that refuses connections. A bound socket that does not listen holds it: a port that was only free a moment ago
# may meanwhile belong to another program.
module RefusedPort
  def with_refused_port
    socket = Socket.new(:INET, :STREAM)
    socket.bind(Addrinfo.tcp("127.0.0.1", 0))
    yield socket.local_address.ip_port
  ensure
    socket&.close
  end
end
