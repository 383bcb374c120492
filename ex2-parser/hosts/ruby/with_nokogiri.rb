# frozen_string_literal: true

# A package's page read with Nokogiri, by the same class as in the bench: ruby ex2-parser/hosts/ruby/with_nokogiri.rb PAGE…

require "json"
require_relative "../../benches/ruby/nokogiri_html5"

ARGV.each do |path|
  page = File.read(path, encoding: Encoding::UTF_8)
  clock = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  answer = JSON.generate(NokogiriHtml5.parse(page))
  warn format("page %.3fms", (Process.clock_gettime(Process::CLOCK_MONOTONIC) - clock) * 1000)
  puts answer
end
