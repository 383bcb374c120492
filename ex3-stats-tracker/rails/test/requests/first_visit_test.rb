require "test_helper"

# Where nothing was read yet, each page says what happens next, in the words of the program that started the tracker.
class FirstVisitTest < ActionDispatch::IntegrationTest
  include WithoutAssets

  setup do
    Org.create!(name: "new", source: "github.com").packages.create!(name: "listed", listed_at: Time.current)
  end

  teardown do
    Rails.configuration.x.started_by = nil
  end

  PAGES = { "/orgs/new" => "new", "/orgs/new/packages/listed" => "new", "/orgs/Nobody" => "nobody" }.freeze

  test "started by hand: the command of Rails" do
    PAGES.each { |path, org| assert_equal [ "bin/rails 'stats:collect[#{org}]'" ], commands(path), path }
    Org.destroy_all
    assert_equal [ "bin/rails 'stats:collect[fluxcd]'", "cargo xtask demo" ], commands("/")
  end

  test "started by cargo: the collection that runs, or the command for another organisation" do
    Rails.configuration.x.started_by = "cargo"
    with_environment("STATS_TRACKER_ORGS" => "new", "STATS_TRACKER_SOURCE" => "github.com") do
      assert_empty commands("/orgs/new")
      assert_match(/collects when it starts and then every six hours; the terminal .* shows how far it is/, text)
      assert_equal [ "cargo run -p ex3-stats-tracker -- --org nobody" ], commands("/orgs/nobody")
      Org.destroy_all
      assert_empty commands("/")
      assert_no_match(/rails/, text)
    end
    with_environment("STATS_TRACKER_ORGS" => "new", "STATS_TRACKER_SOURCE" => "stand-in") do
      assert_equal [ "cargo run -p ex3-stats-tracker -- --org nobody --stand-in" ], commands("/orgs/nobody")
    end
  end

  test "started by Helm: the chart's values, and kubectl" do
    Rails.configuration.x.started_by = "helm"
    PAGES.each do |path, org|
      assert_match(/\Akubectl get cronjobs,jobs --selector .*\nkubectl logs /, commands(path).sole, path)
      assert_match(/If #{org} is not in orgs, add it and upgrade the release/, text, path)
      assert_no_match(/rails|cargo/, text, path)
    end
  end

  test "another value is refused" do
    program = "begin; require './config/application'; rescue SystemExit => error; print error.status; end"
    output = IO.popen({ "STATS_TRACKER_STARTED_BY" => "docker" }, [ RbConfig.ruby, "-e", program ], chdir: Rails.root.to_s, err: %i[child out], &:read)
    assert_match(/\ASTATS_TRACKER_STARTED_BY is cargo or helm, not docker\n64\z/, output)
  end

  private
    def commands(path)
      get path
      Nokogiri::HTML5(response.body).css("main pre.command").map { |one| one.text.strip }
    end

    def text
      Nokogiri::HTML5(response.body).at_css("main").text.squish
    end
end
