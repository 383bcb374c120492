Rails.application.routes.draw do
  # A package's name may contain slashes and dots (charts/flagger, v1.2). So it is the last part of a path, and a path has
  # either always a format or never one. charts%2Fflagger means the same as charts/flagger.
  constraints org: Org::NAME do
    scope format: false do
      root "dashboard#show"
      get "compare", to: "comparisons#show", as: :comparison
      get "orgs/:org", to: "organisations#show", as: :org
      get "orgs/:org/packages/*name", to: "packages#show", as: :package

      get "healthz", to: "health#alive"
      get "readyz", to: "health#ready"
      # The path of Rails' own health check.
      get "up", to: "health#alive"
      get "metrics", to: "metrics#show"
    end

    namespace :api, format: true, constraints: { format: /json|csv/ } do
      get "orgs", to: "orgs#index"
      get "orgs/:org", to: "orgs#show", as: :org
      get "packages/:org", to: "packages#index", as: :packages
      get "packages/:org/*name", to: "packages#show", as: :package
      get "versions/:org/*name", to: "versions#index", as: :versions
      get "measurements/:org/*name", to: "measurements#index", as: :measurements
      get "downloads/:org", to: "downloads#index", as: :org_downloads
      get "downloads/:org/*name", to: "downloads#index", as: :downloads
      get "days/:org", to: "days#index", as: :org_days
      get "days/:org/*name", to: "days#index", as: :package_days
      get "failures/:org", to: "failures#index", as: :org_failures
      get "failures/:org/*name", to: "failures#index", as: :package_failures
      get "collections/:org", to: "collections#index", as: :collections
      get "chart/:org", to: "charts#show", as: :org_chart
      get "chart/:org/*name", to: "charts#show", as: :package_chart
      get "adoption/:org/*name", to: "adoptions#show", as: :adoption
    end

    scope format: true do
      get "badges/:org", to: "badges#show", as: :org_badge, constraints: { format: /svg|json/ }
      get "badges/:org/*name", to: "badges#show", as: :package_badge, constraints: { format: /svg|json/ }
      get "charts/:org", to: "chart_pictures#show", as: :org_picture, constraints: { format: /svg/ }
      get "charts/:org/*name", to: "chart_pictures#show", as: :package_picture, constraints: { format: /svg/ }
      get "compare", to: "chart_pictures#compare", as: :comparison_picture, constraints: { format: /svg/ }
      get "feeds/:org", to: "feeds#show", as: :feed, constraints: { format: /atom/ }
    end
  end

  # Last: what no route above takes.
  match "/", to: "unrouted#answer", via: :all
  match "*path", to: "unrouted#answer", via: :all, format: false
end
