# The directory of an export. It is replaced as a whole, and only where it is empty or an earlier export: a mistyped name
# deletes nothing.
class SiteExport::Target
  # A file with the names at the top of the export.
  MARKER = ".stats-tracker-export.json"

  def initialize(directory)
    directory.present? or raise SiteExport::Refused, "say which directory"
    @directory = Pathname(File.expand_path(directory))
  end

  # Yields a new directory, and puts it in the place of this one. After an error this one is as before.
  def replace
    check
    @directory.dirname.mkpath
    made = Pathname(Dir.mktmpdir([ ".#{@directory.basename}-", "-new" ], @directory.dirname.to_s))
    # Everyone may read what is made to be published.
    umask = File.umask(0o022)
    result = yield made
    made.join(MARKER).write(JSON.generate(entries: [ MARKER, *made.children.map { |child| child.basename.to_s } ].sort))
    made.chmod(0o755)
    # It may have been filled meanwhile.
    check
    put made
    result
  ensure
    File.umask(umask) if umask
    made&.rmtree if made&.exist?
  end

  private
    def check
      return unless @directory.exist? || @directory.symlink?

      @directory.directory? && !@directory.symlink? or raise SiteExport::Refused, "#{@directory} is no directory: name another one"
      names = @directory.children.map { |child| child.basename.to_s }
      return if names.empty?

      foreign = names - exported
      foreign.empty? or
        raise SiteExport::Refused, "#{@directory} has #{foreign.min}, which is not of an earlier export: name another directory, or an empty one"
    end

    # The names of an earlier export.
    def exported
      JSON.parse(@directory.join(MARKER).read).fetch("entries")
    rescue Errno::ENOENT, JSON::ParserError, KeyError, TypeError
      []
    end

    def put(made)
      return made.rename(@directory) unless @directory.exist?

      old = Pathname(Dir.mktmpdir([ ".#{@directory.basename}-", "-old" ], @directory.dirname.to_s))
      # A rename replaces an empty directory.
      @directory.rename(old)
      begin
        made.rename(@directory)
      rescue SystemCallError
        old.rename(@directory)
        raise
      end
      old.rmtree
    end
end
