# An organisation's history as a file that TotalsImport reads again: each package's last total of each day.
class TotalsExport
  def initialize(org)
    @org = org
  end

  # Writes CSV, or JSON where the file's name ends so, and returns the number of rows. The file is replaced only when the
  # new one is complete.
  def write(path)
    draft = "#{path}.#{Process.pid}.part"
    rows = File.open(draft, File::WRONLY | File::CREAT | File::EXCL) do |file|
      File.extname(path).casecmp?(".json") ? json(file) : csv(file)
    end
    File.rename(draft, path)
    rows
  rescue SystemCallError
    FileUtils.rm_f(draft)
    raise
  end

  private
    COLUMNS = %w[date package total source imported].freeze

    def csv(file)
      file << CSV.generate_line(COLUMNS)
      each_package.sum do |name, days|
        days.each { |date, total, imported| file << CSV.generate_line([ date, name, total, @org.source, imported ]) }.size
      end
    end

    def json(file)
      file << %({"org":#{@org.name.to_json},"source":#{@org.source.to_json},"days":[)
      count = 0
      each_package do |name, days|
        days.each do |date, total, imported|
          file << (count.zero? ? "\n" : ",\n") << { date:, package: name, total:, imported: }.to_json
          count += 1
        end
      end
      file << "\n]}\n"
      count
    end

    def each_package
      return enum_for(:each_package) unless block_given?

      @org.packages.order(:name).pluck(:id, :name).each do |id, name|
        yield name, Package::Day.where(package_id: id).where.not(total: nil).order(:date).pluck(:date, :total, :imported)
      end
    end
end
