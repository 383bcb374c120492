namespace :figures do
  desc "Store invented figures of 400 days, for work on the pages"
  task invent: :environment do
    load Rails.root.join("db/invented_figures.rb")
  end
end
