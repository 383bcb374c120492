# SQLite's files are for the user alone who runs this. SQLite makes those beside the database (-wal, -shm) with the mode of
# the database's own, and that as the umask lets it.
module SQLiteFiles
  MODE = 0o600

  def new_client(config)
    SQLiteFiles.close config[:database].to_s
    super
  end

  def self.close(path)
    return if path.empty? || path == ":memory:" || path.start_with?("file:")

    begin
      File.open(path, File::WRONLY | File::CREAT | File::EXCL, MODE) {}
    rescue Errno::EEXIST
      # It must not be opened: closing it would take away the locks that this process has on it.
      stat = File.lstat(path)
      File.chmod MODE, path if stat.file? && stat.owned? && stat.mode & 0o077 != 0
    end
  rescue SystemCallError
    # SQLite says what is wrong with it, or may read it all the same.
  end
end

ActiveSupport.on_load(:active_record_sqlite3adapter) { singleton_class.prepend SQLiteFiles }
