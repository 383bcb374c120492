# The list of organisations.
class DashboardController < PagesController
  def show
    @orgs = Org.ordered.to_a
    redirect_to org_path(@orgs.first) if @orgs.one?
  end
end
