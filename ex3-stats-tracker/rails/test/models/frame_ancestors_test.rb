require "test_helper"

class FrameAncestorsTest < ActiveSupport::TestCase
  test "origins, separated by spaces" do
    origins = %w[http://127.0.0.1:4000 https://talk.example.org https://*.example.org:8443 http://localhost:1 HTTP://A:65535]
    assert_equal origins, FrameAncestors.allowed("  #{origins.join("  ")}\n")
    assert_equal [ [], [] ], [ FrameAncestors.allowed(nil), FrameAncestors.allowed(" ") ]
  end

  test "anything else is named, and would not be a policy of its own" do
    [ "*", "'self'", "'none'", "none", "talk.example.org", "ftp://x", "http:", "http://", "http://a/path", "https://a.example/", "http://a:", "http://a:0",
      "http://a:65536", "http://a:x", "http://[::1]:1", "http://a;script-src", "http://a,b", "http://a.*.example", "http://*", "http://u@a", "javascript:alert(1)" ].each do |wrong|
      error = assert_raises(ArgumentError, wrong) { FrameAncestors.allowed("http://127.0.0.1:4000 #{wrong} https://other.example") }
      assert_includes error.message, "STATS_TRACKER_FRAME_ANCESTORS holds #{wrong}, which is no origin"
    end
  end
end
