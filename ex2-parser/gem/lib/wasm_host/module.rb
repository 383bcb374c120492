# frozen_string_literal: true

module WasmHost
  # A guest's compiled code. It has no memory and no state: any number of instances in any number of threads can use it.
  class Module
    # An import of a module: its two names, its kind (+:function+, +:global+, +:table+, +:memory+ or +:tag+), and its type
    # as text.
    Import = Struct.new(:module, :name, :kind, :type)

    # An export of a module: its name, kind and type.
    Export = Struct.new(:name, :kind, :type)

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
    # @return [Module]
    # @raise [CompileError] if the source is not a valid module
    def self.new(source, cache: false, interruptible: true)
      cache = cache.to_path if cache.respond_to?(:to_path)
      load(source, cache, interruptible ? true : false)
    end

    # Compiles a +.wasm+ or a +.wat+ file.
    #
    # @param path [String, Pathname]
    # @param cache [Boolean, String, Pathname] as for {.new}
    # @param interruptible [Boolean] as for {.new}
    # @return [Module]
    # @raise [CompileError] if the file is not a valid module
    # @raise [SystemCallError] if the file can't be read
    def self.load_file(path, cache: false, interruptible: true)
      new(File.binread(path), cache: cache, interruptible: interruptible)
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
