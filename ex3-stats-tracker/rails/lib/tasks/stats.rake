# The collector's tasks. Exit codes follow sysexits: 64 usage and settings, 65 the collection finished and some packages
# failed, 66 no database or no tables, 69 the collection was stopped and is to be resumed, 70 a bug, 75 another collection
# is running. lib/plain_errors.rb has the messages and exit codes for errors of the database.
namespace :stats do
  desc "Measure every package of the organisations (default: those in STATS_TRACKER_ORGS that were not just read)"
  task :collect, [ :org ] => :environment do |_task, arguments|
    named = [ arguments[:org], *arguments.extras ].compact
    round = named.any? ? Round.by_hand(named) : Round.configured
    abort_with 64, "say which organisation: bin/rails 'stats:collect[fluxcd]', or STATS_TRACKER_ORGS" if round.names.empty?

    # A wrong setting is found before the database is asked.
    receivers = receivers_of_notifications
    policy = Collection::RequestPolicy.for(Source.current)
    progress = Collection::Progress.for
    due = Database.with_retries { round.due }
    pace = round.by_hand? ? Pace::ALWAYS : Pace.configured
    progress.round(round, due.size) unless round.by_hand?
    codes = [ 0 ]
    round.each(due:) do |org|
      collection = Collection.collect(org, source: Source.current, policy:, progress:, pace:, round:) or next
      notify([ collection.org.reload ], receivers, since: collection.started_at)
      codes << collection.exit_code
      collection
    rescue Org::Unknown => error
      say error.message
      codes << 65
      nil
    end
    exit codes.max_by { |code| [ 0, 65, 69 ].index(code) }
  rescue ActiveRecord::RecordInvalid, Org::OtherSource, ArgumentError => error
    abort_with 64, error.message
  rescue Collection::TooEarly, Database::Unavailable => error
    # The other organisations would meet the same.
    abort_with 69, error.message
  rescue Collection::Lock::Taken => error
    abort_with 75, error.message
  end

  desc "Play so many days of history through the stand-in's clock, collecting every STEP days"
  task :play, %i[org days step] => :environment do |_task, arguments|
    org = arguments[:org] or abort_with 64, "say which organisation: bin/rails 'stats:play[fluxcd,400]'"
    days = Integer(arguments.fetch(:days, 400), exception: false) or abort_with 64, "#{arguments[:days]} is no number of days"
    step = Integer(arguments.fetch(:step, History::STEP), exception: false) or abort_with 64, "#{arguments[:step]} is no number of days"
    History.new(org, days:, step:, progress: Collection::Progress.for).play
  rescue ArgumentError, ActiveRecord::RecordInvalid, Org::OtherSource => error
    abort_with 64, error.message
  rescue StandIn::Refused, Org::Unknown, Collection::TooEarly => error
    abort_with 69, error.message
  rescue Collection::Lock::Taken => error
    abort_with 75, error.message
  end

  desc "Import totals from FILE (CSV or JSON: date, package, total); MODE: dry-run, create"
  task :import, %i[org file] => :environment do |_task, arguments|
    modes = arguments.extras
    org = imported_org(arguments, modes)
    file = TotalsFile.new(arguments[:file], source: org.source)
    import = TotalsImport.new(org, file, create: modes.include?("create"))
    modes.include?("dry-run") ? import.dry_run : import.run
    puts "#{import.summary}#{"; nothing was stored" if modes.include?("dry-run")}"
  rescue TotalsFile::Refused => error
    abort_with 65, "#{error.message}\nnothing was imported"
  rescue Errno::ENOENT, Errno::EACCES, Errno::EISDIR, Errno::ENOTDIR => error
    abort_with 66, "#{arguments[:file]} can't be read: #{error.message}"
  rescue Database::Unavailable => error
    abort_with 69, error.message
  rescue Collection::Lock::Taken => error
    abort_with 75, error.message
  end

  desc "Export an organisation's totals to FILE (.csv or .json), for import"
  task :export, %i[org file] => :environment do |_task, arguments|
    org = Org.find_by(name: arguments[:org].to_s) or abort_with 64, "no organisation #{arguments[:org]} is tracked here"
    path = arguments[:file].presence or abort_with 64, "say which file: bin/rails 'stats:export[#{org.name},history.csv]'"
    rows = TotalsExport.new(org).write(path)
    puts "#{org.name}: #{rows.to_fs(:delimited)} #{"row".pluralize(rows)} in #{path}#{" (stand-in: invented)" if org.stand_in?}"
  rescue Errno::ENOSPC, Errno::EDQUOT, Errno::EIO => error
    abort_with 69, "#{arguments[:file]} can't be written: #{error.message}"
  rescue SystemCallError => error
    abort_with 64, "#{arguments[:file]} can't be written: #{error.message}"
  end

  desc "Keep one measurement a day of what is DAYS ago or longer; MODE: dry-run"
  task :thin, %i[days mode] => :environment do |_task, arguments|
    days = Integer(arguments[:days], exception: false) or abort_with 64, "say for how many days all measurements are kept: bin/rails 'stats:thin[365]'"
    [ nil, "dry-run" ].include?(arguments[:mode]) or abort_with 64, "#{arguments[:mode]} is no mode: dry-run is one"
    dry_run = arguments[:mode] == "dry-run"
    thinned = Database.with_retries { Measurement.thin(days, dry_run:) }
    puts "#{thinned.to_fs(:delimited)} #{"measurement".pluralize(thinned)} of #{days} days ago or longer #{dry_run ? "would be" : thinned == 1 ? "was" : "were"} deleted"
  rescue ArgumentError => error
    abort_with 64, error.message
  rescue Database::Unavailable => error
    abort_with 69, error.message
  end

  desc "Send the notifications that are due; stats:collect does it after each collection"
  task notify: :environment do
    receivers = receivers_of_notifications
    abort_with 64, "no receiver is set: see \"Notifications\" in README.md" if receivers.empty?
    notify(Org.ordered, receivers)
    exit 69 if Notification::Delivery.pending.exists?(receiver: receivers.map(&:name))
  rescue Database::Unavailable => error
    abort_with 69, error.message
  end

  namespace :notify do
    desc "Send a test message to each receiver of notifications"
    task test: :environment do
      receivers = receivers_of_notifications
      abort_with 64, "no receiver is set: see \"Notifications\" in README.md" if receivers.empty?
      refused = receivers.reject do |receiver|
        receiver.deliver(Notification.test, token: SecureRandom.uuid)
        puts "#{receiver.name}: accepted"
        true
      rescue Notification::Delivery::Refused => error
        say "#{receiver.name}: #{error.message}"
      end
      exit 69 if refused.any?
    rescue ArgumentError => error
      abort_with 64, error.message
    end
  end

  # Checked before a collection, so that a wrong setting is found at once.
  def receivers_of_notifications
    Notification::Receiver.all
  rescue ArgumentError => error
    abort_with 64, error.message
  end

  # Makes and sends the notifications. A receiver that accepts none does not change the exit code of a collection.
  def notify(orgs, receivers, since: Time.current)
    return if receivers.empty?

    orgs.each { |org| Database.with_retries { Notification.make(org, receivers:, since:) } }
    Notification::Delivery.send_pending(receivers, log: method(:say))
  end

  desc "Export the dashboard to DIRECTORY, as files for a web server; links in feeds are those of STATS_TRACKER_DASHBOARD_URL"
  task :site, [ :directory ] => :environment do |_task, arguments|
    # The pages would answer with an error: they can't be asked for what is missing.
    ActiveRecord::Base.connection_pool.migration_context.needs_migration? and
      abort_with 66, "the database has not the tables of this version: collect first, or bin/rails db:prepare; nothing was exported"
    Org.exists? or abort_with 66, "nothing is stored: collect first; nothing was exported"

    progress = Collection::Progress.for
    result = SiteExport.new(arguments[:directory], url: Notification::Receiver.dashboard_url, progress: progress.method(:exporting)).run
    progress.exported(arguments[:directory], result)
  rescue SiteExport::Refused, ArgumentError => error
    abort_with 64, "#{error.message}; nothing was exported"
  rescue Errno::ENOSPC, Errno::EDQUOT, Errno::EIO => error
    abort_with 69, "#{arguments[:directory]} can't be written: #{error.message}"
  rescue SystemCallError => error
    abort_with 64, "#{arguments[:directory]} can't be written: #{error.message}"
  end

  # The organisation of an import, after the task's other arguments were checked.
  def imported_org(arguments, modes)
    arguments[:file].present? or abort_with 64, "say which organisation and file: bin/rails 'stats:import[fluxcd,history.csv]'"
    wrong = modes - %w[dry-run create]
    wrong.empty? or abort_with 64, "#{wrong.first} is none of dry-run and create"
    Org.find_by(name: arguments[:org]) or
      abort_with 64, "no organisation #{arguments[:org]} is tracked here: collect it first, so that it is known where its figures come from"
  end

  def abort_with(code, message)
    say message
    exit code
  end

  # A closed stderr is no error: the exit code remains.
  def say(message)
    warn message
  rescue SystemCallError, IOError
    nil
  end
end
