# Gives SQLite's files the mode 0600. SQLite itself creates the database with the umask's mode, and the files beside it
# (-wal, -shm) with the database's mode.
module SQLiteFiles
  MODE = 0o600

  def new_client(config)
    SQLiteFiles.restrict config[:database].to_s
    super
  end

  def self.restrict(path)
    return if path.empty? || path == ":memory:" || path.start_with?("file:")

    begin
      File.open(path, File::WRONLY | File::CREAT | File::EXCL, MODE) {}
    rescue Errno::EEXIST
      # No open and close here: closing any descriptor of the file drops this process's POSIX locks on it.
      stat = File.lstat(path)
      File.chmod MODE, path if stat.file? && stat.owned? && stat.mode & 0o077 != 0
    end
  rescue SystemCallError
    # SQLite reports the error itself, or can use the file all the same.
  end
end

ActiveSupport.on_load(:active_record_sqlite3adapter) { singleton_class.prepend SQLiteFiles }
