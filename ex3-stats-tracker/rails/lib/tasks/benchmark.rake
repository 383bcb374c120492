# Benchmarks. `stats:benchmark:populate` makes the rows of years of tracking, `stats:benchmark:pages` times the pages with
# them, also beside a collection, `stats:benchmark:hostile` a badge beside hostile requests, `stats:benchmark:collection` a
# collection.
namespace :stats do
  namespace :benchmark do
    desc "Make an organisation called benchmark with 200 packages and so many measurements"
    task :populate, [ :measurements ] => :environment do |_task, arguments|
      require Rails.root.join("lib/population")
      began = Process.clock_gettime(Process::CLOCK_MONOTONIC)
      made = Population.new(measurements: Integer(arguments.fetch(:measurements, 10_000))).make
      puts "#{made} measurements in #{(Process.clock_gettime(Process::CLOCK_MONOTONIC) - began).round} s"
    end

    desc "Time the pages of the organisation called benchmark at 20 requests a second, each for so many seconds, also beside a collection"
    task :pages, [ :seconds ] => :environment do |_task, arguments|
      require Rails.root.join("lib/page_timings")
      seconds = Integer(arguments.fetch(:seconds, 30))
      puts "#{ActiveRecord::Base.lease_connection.adapter_name}, #{Measurement.count} measurements, 20 requests a second for #{seconds} s"
      PageTimings.serving do |pages|
        measure = -> { PageTimings::PATHS.first(6).each { |path| puts pages.at_rate(path, per_second: 20, seconds:) } }
        pages.warm_up
        measure.call
        puts "beside a collection of the same organisation, one package a second"
        pages.beside_collection(&measure)
      end
    end

    desc "Time a badge for so many seconds, alone and beside eight clients that request the longest ranges"
    task :hostile, [ :seconds ] => :environment do |_task, arguments|
      require Rails.root.join("lib/page_timings")
      seconds = Integer(arguments.fetch(:seconds, 30))
      PageTimings.serving do |pages|
        pages.warm_up
        alone = pages.at_rate(PageTimings::BADGE, per_second: 20, seconds:)
        beside = nil
        statuses = pages.beside_hostile_clients { beside = pages.at_rate(PageTimings::BADGE, per_second: 20, seconds:) }
        puts alone, beside, "the clients' answers by status: #{statuses.map { |status, count| "#{count} times #{status}" }.to_sentence}"
        puts format("the median beside them / alone: %.2f times", beside.percentile(50) / alone.percentile(50))
      end
    end

    desc "Watch the memory of a server that answers so many requests"
    task :memory, [ :requests ] => :environment do |_task, arguments|
      require Rails.root.join("lib/page_timings")
      requests = Integer(arguments.fetch(:requests, 10_000))
      PageTimings.serving do |pages|
        memory = [ requests / 10, requests - requests / 10 ].map { |count| pages.ask_in_turn(count) && pages.memory }
        puts format("%d KB after %d requests, %d KB after %d: %.2f times", memory[0], requests / 10, memory[1], requests, memory[1].fdiv(memory[0]))
      end
    end

    desc "Time a collection of one of the stand-in's organisations beside plain clients that make the same requests"
    task :collection, %i[org times] => :environment do |_task, arguments|
      require Rails.root.join("lib/collection_timings")
      org = arguments.fetch(:org, "stand-in-thousand")
      timings = CollectionTimings.new(org)
      results = timings.run(Integer(arguments.fetch(:times, 5)))
      puts "#{ActiveRecord::Base.lease_connection.adapter_name}, #{timings.packages} packages of #{org}, #{timings.concurrency} requests at a time"
      puts results.values
      %i[answers pages].each { |key| puts format("collection / %s: %.2f times", results[key].name, results[:collection].best / results[key].best) }
    end
  end
end
