require "test_helper"

# The files under public.
class FilesTest < ActionDispatch::IntegrationTest
  test "files with a fixed name are cached for five minutes" do
    %w[/icon.svg /error.css].each do |path|
      get path
      assert_response :success
      assert_equal "public, max-age=300", response.headers["Cache-Control"], path
      assert response.headers["Last-Modified"], path

      get path, headers: { "If-Modified-Since" => response.headers["Last-Modified"] }
      assert_response :not_modified
    end
  end

  test "files with a hash in their name are cached forever" do
    built = Rails.public_path.join("assets/test-#{SecureRandom.hex(4)}.css")
    built.dirname.mkpath
    built.write "a{}"
    get "/assets/#{built.basename}"
    assert_response :success
    assert_equal [ "text/css", "public, max-age=31536000, immutable" ], [ response.media_type, response.headers["Cache-Control"] ]
  ensure
    built&.delete
  end

  test "a file of an earlier build is not found" do
    get "/assets/application-ABCDEFGH.js"
    assert_response :not_found
    assert_no_match(/max-age=[1-9]/, response.headers["Cache-Control"].to_s)
  end

  test "no other file than the public ones" do
    %w[/assets/../../config/database.yml /assets/%2e%2e/%2e%2e/config/database.yml /config/database.yml].each do |path|
      get path
      assert_response :not_found, path
    end
  end
end
