require "test_helper"

# The client's requests, and its errors with servers that break the contract.
class ComponentTest < ActiveSupport::TestCase
  include RefusedPort

  test "a name is escaped to one segment of the path" do
    serving(ok("[]")) do |component, requests|
      component.versions("fluxcd", "charts/flagger?x#y")
      assert_equal "GET /orgs/fluxcd/packages/charts%2Fflagger%3Fx%23y/versions HTTP/1.1", requests.first.lines.first.strip
    end
  end

  test "repository and owner are parameters, where they are known" do
    serving(ok("[]"), ok("[]"), ok("[]")) do |component, requests|
      component.versions("fluxcd", "flagger", repository: "fluxcd/flag&ger", owner: "organization")
      component.close
      component.versions("fluxcd", "flagger", repository: nil, owner: "user")
      component.close
      component.versions("fluxcd", "flagger")
      assert_equal [ "?repository=fluxcd%2Fflag%26ger&owner=organization", "?owner=user", "" ],
        requests.map { |request| request[%r{\AGET /orgs/fluxcd/packages/flagger/versions(\S*) }, 1] }
    end
  end

  test "the list's owner is a user, an organization or unknown" do
    list = ->(header) { "HTTP/1.1 200 OK\r\n#{header}Content-Length: 2\r\n\r\n[]" }
    serving(list["Owner-Kind: user\r\n"], list["Owner-Kind: organization\r\n"], list[""], list["Owner-Kind: robot\r\n"]) do |component|
      assert_equal [ "user", "organization", nil ], Array.new(3) { component.packages("fluxcd").owner.tap { component.close } }
      assert_equal "component_failed", assert_raises(Component::Problem) { component.packages("fluxcd") }.kind
    end
  end

  test "a problem has the kind, the detail and the Retry-After of the answer" do
    body = { type: "about:blank", title: "Too Many Requests", status: 429, detail: "GitHub wants\nfewer", kind: "rate_limited", retry_after: 90 }.to_json
    serving("HTTP/1.1 429 Too Many Requests\r\nRetry-After: 90\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}") do |component|
      problem = assert_raises(Component::Problem) { component.packages("fluxcd") }
      assert_equal [ "rate_limited", "GitHub wants fewer", 90 ], [ problem.kind, problem.detail, problem.retry_after ]
    end
  end

  {
    "no JSON" => "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "nothing" => "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "not UTF-8" => "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n\"\xFF\"",
    "half of what it promised" => "HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n[",
    "half a chunk" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n50\r\n[",
    "no answer at all" => "",
    "no HTTP" => "SSH-2.0-OpenSSH\r\n",
    "endless depth" => "HTTP/1.1 200 OK\r\nContent-Length: 20000\r\n\r\n#{"[" * 20_000}",
    "a status of its own" => "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 4\r\n\r\nbusy",
    "a kind of its own" => "HTTP/1.1 500 X\r\nContent-Length: 36\r\n\r\n{\"kind\":\"made_up\",\"detail\":\"whatever\"}",
    "a redirect" => "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
    "a status without an answer" => "HTTP/1.1 204 No Content\r\n\r\n"
  }.each do |what, answer|
    test "#{what} is the component's failure" do
      serving(answer) do |component|
        problem = assert_raises(Component::Problem) { component.packages("fluxcd") }
        assert_equal "component_failed", problem.kind
        assert problem.temporary?
      end
    end
  end

  test "reading ends at the maximum size of an answer" do
    serving("HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n#{" " * 20.megabytes}") do |component|
      assert_match(/larger than/, assert_raises(Component::Problem) { component.packages("fluxcd") }.detail)
    end
  end

  test "a refused connection" do
    with_refused_port do |port|
      problem = assert_raises(Component::Problem) { Component.new("http://127.0.0.1:#{port}").packages("x") }
      assert_equal "component_failed", problem.kind
      assert_match(/refused/, problem.detail)
    end
  end

  test "the request after an invalid answer has a new connection" do
    serving("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{", ok("[]")) do |component|
      assert_raises(Component::Problem) { component.packages("fluxcd") }
      assert_equal [], component.packages("fluxcd").packages
    end
  end

  test "an invalid URL" do
    [ "file:///etc/passwd", "localhost:3000", "ftp://x", "http://a b", "http://" ].each { |url| assert_raises(ArgumentError) { Component.new(url) } }
  end

  test "a detail is one short line" do
    detail = Component::Problem.new("unreachable", "a\r\nb\0c\e[31m" + "x" * 10_000).detail
    assert_equal 500, detail.length
    assert_no_match(/[[:cntrl:]]/, detail)
  end

  private
    def ok(body)
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: #{body.bytesize}\r\n\r\n#{body}"
    end

    # Runs a server that accepts one connection for each of the answers.
    def serving(*answers)
      server = TCPServer.new("127.0.0.1", 0)
      requests = []
      thread = Thread.new do
        answers.each do |answer|
          client = server.accept
          requests << (+"").tap { |request| request << client.gets until request.end_with?("\r\n\r\n") }
          client.write answer
        rescue SystemCallError
          # The client has closed the connection.
        ensure
          client&.close
        end
      end
      yield Component.new("http://127.0.0.1:#{server.local_address.ip_port}"), requests
    ensure
      thread&.kill
      server&.close
    end
end
