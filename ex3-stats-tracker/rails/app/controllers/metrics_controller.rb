class MetricsController < ProgramsController
  def show
    render plain: Metrics.new.to_s, content_type: Metrics::CONTENT_TYPE
  end
end
