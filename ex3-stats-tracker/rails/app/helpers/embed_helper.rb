# The addresses of what is embedded elsewhere: badges and pictures of an organisation or of a package.
module EmbedHelper
  def badge_path_of(subject, **query)
    subject.is_a?(Org) ? org_badge_path(subject, format: :svg, **query) : package_badge_path(subject.org, subject.name, format: :svg, **query)
  end

  def picture_path_of(subject, **query)
    subject.is_a?(Org) ? org_picture_path(subject, format: :svg, **query) : package_picture_path(subject.org, subject.name, format: :svg, **query)
  end

  def chart_data_path_of(subject, **query)
    subject.is_a?(Org) ? api_org_chart_path(subject, **query) : api_package_chart_path(subject.org, subject.name, **query)
  end

  def page_path_of(subject)
    subject.is_a?(Org) ? org_path(subject) : package_path(subject.org, subject.name)
  end

  def badge_figures(subject)
    subject.is_a?(Org) ? Badge::Message::NAMES.without("version") : Badge::Message::NAMES
  end

  def picture_kinds(subject)
    Chart::Drawing.kinds_of(subject)
  end

  def badge_alt(subject, figure)
    "Badge: #{figure}, #{Badge::Message.of(subject, figure, exact: true) || "unknown"}#{" (stand-in)" if (subject.is_a?(Org) ? subject : subject.org).stand_in?}"
  end
end
