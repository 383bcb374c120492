# frozen_string_literal: true

require "tmpdir"

module WasmHost
  # A guest's compiled code. It has no memory and no state: any number of instances in any number of threads can use it.
  class Module
    # An import of a module: its two names, its kind (+:function+, +:global+, +:table+, +:memory+ or +:tag+), and its type
    # as text.
    Import = Struct.new(:module, :name, :kind, :type)

    # An export of a module: its name, kind and type.
    Export = Struct.new(:name, :kind, :type)

    # The most bytes that a process which only compiles may write to, beyond those that the program has already: 512 MiB.
    COMPILER_MEMORY = 512 << 20

    private_class_method :load
    private :native_imports, :native_exports

    # Compiles a module without the GVL.
    #
    # @param source [String] the bytes of a +.wasm+ file, or the text of a +.wat+ file
    # @param cache [Boolean, String, Pathname] the cache of compiled code: loading takes microseconds, compiling up to
    #   seconds. A directory, or true for the default one: +STATS_TRACKER_CACHE_DIR+, or cargo's target directory in a
    #   clone, where +cargo clean+ removes it, or else the user's cache directory. A user who can write there can run code
    #   in this process, so that the directory has to be the user's own.
    # @param interruptible [Boolean] whether guests of this module can be stopped. If not, their code is faster, because it
    #   counts no fuel. But they have no time limit, and an endless loop never ends and holds the GVL: only for trusted
    #   guests.
    # @param compile_limit [Integer, nil] the seconds of processor time that compiling may take, for modules of strangers: a
    #   module of 200 KB can keep the compiler busy for minutes. The module is then compiled in a forked process,
    #   which also has a limit on memory, {COMPILER_MEMORY}, and hands the code over by the cache.
    # @return [Module]
    # @raise [CompileError] if the source is not a valid module, or the limit is exceeded
    def self.new(source, cache: false, interruptible: true, compile_limit: nil)
      cache = cache.to_path if cache.respond_to?(:to_path)
      interruptible = interruptible ? true : false
      return load(source, cache, interruptible) if compile_limit.nil?
      return compile_in_process(source, cache, interruptible, compile_limit) if cache

      Dir.mktmpdir("wasm_host") { |directory| compile_in_process(source, directory, interruptible, compile_limit) }
    end

    # Compiles in a forked process, which can be ended, and loads the code from the cache.
    def self.compile_in_process(source, cache, interruptible, seconds)
      reader, writer = IO.pipe
      child = fork { compile_and_exit(source, cache, interruptible, seconds, writer) }
      writer.close
      message = reader.read
      _, status = Process.wait2(child)
      return load(source, cache, interruptible) if status.success?
      raise CompileError, message unless message.empty?

      raise CompileError, "compiling took more than #{seconds} s of processor time, or too much memory (#{status})"
    ensure
      reader&.close
    end

    # Without what the parent registered for its own end.
    def self.compile_and_exit(source, cache, interruptible, seconds, writer)
      Process.setrlimit(:CPU, seconds)
      Process.setrlimit(:DATA, data_size + COMPILER_MEMORY)
      Process.setrlimit(:CORE, 0)
      load(source, cache, interruptible)
      exit!(0)
    rescue StandardError => error
      writer.write(error.message)
      writer.close
    ensure
      exit!(1)
    end

    # The bytes of writable memory that a forked process has from its parent, as the kernel counts them for its limit; 0
    # where the kernel does not say so.
    def self.data_size
      status = "/proc/self/status"
      File.readable?(status) ? File.read(status)[/^VmData:\s*(\d+) kB/, 1].to_i * 1024 : 0
    end

    private_class_method :compile_in_process, :compile_and_exit, :data_size

    # Compiles a +.wasm+ or a +.wat+ file.
    #
    # @param path [String, Pathname]
    # @param cache [Boolean, String, Pathname] as for {.new}
    # @param interruptible [Boolean] as for {.new}
    # @param compile_limit [Integer, nil] as for {.new}
    # @return [Module]
    # @raise [CompileError] if the file is not a valid module, or the limit is exceeded
    # @raise [SystemCallError] if the file can't be read
    def self.load_file(path, cache: false, interruptible: true, compile_limit: nil)
      new(File.binread(path), cache: cache, interruptible: interruptible, compile_limit: compile_limit)
    rescue CompileError => error
      raise error.class, "#{path}: #{error.message}"
    end

    # @!method interruptible?
    #   @return [Boolean] whether guests of this module can be stopped

    # The imports in order.
    # @return [Array<Import>]
    def imports
      native_imports.map { |from, name, kind, type| Import.new(from, name, kind.to_sym, type) }
    end

    # The exports in order.
    # @return [Array<Export>]
    def exports
      native_exports.map { |name, kind, type| Export.new(name, kind.to_sym, type) }
    end

    # @return [String]
    def inspect
      "#<#{self.class} imports #{native_imports.size}, exports #{native_exports.map(&:first).join(", ")}>"
    end
  end
end
