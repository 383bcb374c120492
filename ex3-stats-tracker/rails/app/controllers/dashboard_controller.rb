# The list of organisations.
class DashboardController < PagesController
  # Of the organisations that were never read.
  NAMES_LISTED = 20

  def show
    @orgs = Org.ordered.to_a
    @round = Round.configured
    redirect_to org_path(@orgs.first) if @orgs.one? && (@round.never_read - [ @orgs.first.name ]).empty?
  end
end
