# The milestones of an organisation and its packages, newest first.
class FeedsController < ProgramsController
  ENTRIES = 50

  def show
    @milestones = org.milestones.where(at: ..Clock.latest_plausible).newest_first.includes(:package).limit(ENTRIES)
    render formats: :atom
  end
end
