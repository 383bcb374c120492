# How the tracker does after years: `stats:benchmark:populate` makes the rows, `stats:benchmark:pages` measures. And what
# a pass costs: `stats:benchmark:collection`.
namespace :stats do
  namespace :benchmark do
    desc "Make an organisation called benchmark with 200 packages and so many measurements"
    task :populate, [ :measurements ] => :environment do |_task, arguments|
      require Rails.root.join("lib/population")
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      made = Population.new(measurements: Integer(arguments.fetch(:measurements, 10_000))).make
      puts "#{made} measurements in #{(Process.clock_gettime(Process::CLOCK_MONOTONIC) - began).round} s"
    end

    desc "Time the pages of the organisation called benchmark, and watch the server's memory"
    task :pages, %i[seconds requests] => :environment do |_task, arguments|
      require Rails.root.join("lib/page_timings")
      seconds = Integer(arguments.fetch(:seconds, 30))
      requests = Integer(arguments.fetch(:requests, 10_000))
      puts "#{ActiveRecord::Base.connection.adapter_name}, #{Measurement.count} measurements, 20 requests a second for #{seconds} s"
      PageTimings.serving do |pages|
        %w[/orgs/benchmark /orgs/benchmark/packages/package-100 /api/chart/benchmark/package-100.json /api/packages/benchmark.json].each do |path|
          puts pages.at_rate(path, per_second: 20, seconds:)
        end
        first = nil
        requests.times do |number|
          pages.get "/orgs/benchmark/packages/package-#{(number % 200).to_s.rjust(3, "0")}"
          first = pages.memory if number + 1 == requests / 10
        end
        puts format("memory: %d KB after %d requests, %d KB after %d: %.2f times", first, requests / 10, pages.memory, requests, pages.memory.fdiv(first))
      end
    end

    desc "Time a pass over an organisation of the stand-in beside plain clients that ask for the same"
    task :collection, %i[org times] => :environment do |_task, arguments|
      require Rails.root.join("lib/collection_timings")
      org = arguments.fetch(:org, "stand-in-thousand")
      timings = CollectionTimings.new(org)
      results = timings.run(Integer(arguments.fetch(:times, 5)))
      puts "#{ActiveRecord::Base.connection.adapter_name}, #{Org.find_by!(name: org).packages.count} packages, #{timings.concurrency} requests at a time"
      puts results.values
      %i[answers pages].each { |key| puts format("pass / %s: %.2f times", results[key].name, results[:pass].best / results[key].best) }
    end
  end
end
