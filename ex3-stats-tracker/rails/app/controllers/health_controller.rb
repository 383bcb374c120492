# For whoever watches over the process.
class HealthController < ActionController::Base
  before_action { response.headers["Cache-Control"] = "no-store" }

  # The process answers. Nothing else is asked: a database that is away is not healed by a restart.
  def alive
    render json: { status: "ok" }
  end

  # The database answers, and has the tables this program expects.
  def ready
    pool = ActiveRecord::Base.connection_pool
    if pool.migration_context.needs_migration?
      unready "the database lacks migrations: bin/rails db:migrate"
    else
      pool.with_connection { |connection| connection.select_value("SELECT 1") }
      render json: { status: "ready" }
    end
  rescue ActiveRecord::ActiveRecordError, SystemCallError => error
    # The message may name the database's address and user, which is nobody's business.
    logger.error error.full_message
    unready "the database can't be reached"
  end

  private
    def unready(reason)
      render status: :service_unavailable, json: { status: "not ready", reason: }
    end
end
