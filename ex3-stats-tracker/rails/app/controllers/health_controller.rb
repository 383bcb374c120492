# The endpoints of Kubernetes' probes.
class HealthController < ActionController::Base
  before_action { response.headers["Cache-Control"] = "no-store" }

  # Liveness: the process answers. The database is not checked, because a restart would not bring it back.
  def alive
    render json: { status: "ok" }
  end

  # Readiness: the database answers, and has this program's tables.
  def ready
    pool = ActiveRecord::Base.connection_pool
    if pool.migration_context.needs_migration?
      unready "the database lacks migrations: bin/rails db:migrate"
    else
      pool.with_connection { |connection| connection.select_value("SELECT 1") }
      render json: { status: "ready" }
    end
  rescue ActiveRecord::ActiveRecordError, SystemCallError => error
    # The message may contain the database's address and user, which must not become public.
    logger.error error.full_message
    unready "the database can't be reached"
  end

  private
    def unready(reason)
      render status: :service_unavailable, json: { status: "not ready", reason: }
    end
end
