namespace :stats do
  desc "Simulate rounds: ORGS (1000) with PACKAGES (100) each for DAYS (60), of which MOVING (20) percent have downloads each day"
  task :simulate, %i[orgs packages days moving] => :environment do |_task, arguments|
    require Rails.root.join("lib/simulation")
    require Rails.root.join("lib/simulation/process")
    require Rails.root.join("lib/simulation/model")
    numbers = { orgs: 1000, packages: 100, days: 60, moving: 20 }.to_h do |name, default|
      number = Integer(arguments.fetch(name, default), exception: false)
      number&.between?(name == :moving ? 0 : 1, name == :moving ? 90 : 100_000) or abort_with 64, "#{arguments[name]} is no number of #{name}"
      [ name, number ]
    end
    simulation = Simulation.new(**numbers, seed: Integer(ENV.fetch("SEED", 1)))
    puts simulation.run(Simulation::Model.new(simulation)).report
  end
end
