atom_feed id: "tag:stats-tracker,2026:#{@org.name}", root_url: org_url(@org) do |feed|
  feed.title "Downloads of #{@org.name}#{" (stand-in: invented figures)" if @org.stand_in?}"
  feed.updated(@milestones.first&.at || @org.created_at)
  feed.author { |author| author.name "Stats Tracker" }

  @milestones.each do |milestone|
    name = XmlText.clean([ @org.name, milestone.package&.name ].compact.join("/"))
    url = milestone.package ? package_url(org: @org.name, name: milestone.package.name) : org_url(@org)
    feed.entry milestone, id: "tag:stats-tracker,2026:#{name}:#{milestone.threshold}", url:,
      published: milestone.at, updated: milestone.at do |entry|
      entry.title "#{name} passed #{number_with_delimiter(milestone.threshold)} downloads#{" (stand-in)" if @org.stand_in?}"
      entry.content "Seen on #{milestone.at.to_date.to_fs(:long)}#{", invented by the stand-in" if @org.stand_in?}."
    end
  end
end
