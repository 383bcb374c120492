# frozen_string_literal: true

module WasmHost
  # A guest's code, compiled. It has no memory and no state, so any number of instances, in any number of threads, may
  # be made from it.
  class Module
    # Something that a module wants to be handed: the two names, +:function+, +:global+, +:table+, +:memory+ or
    # +:tag+, and its type as text.
    Import = Struct.new(:module, :name, :kind, :type)

    # Something that a module offers: its name, kind and type.
    Export = Struct.new(:name, :kind, :type)

    private_class_method :load
    private :native_imports, :native_exports

    # Compiles a module, without the GVL.
    #
    # @param source [String] the bytes of a +.wasm+ file, or the text of a +.wat+ file
    # @param cache [Boolean, String, Pathname] where to keep the compiled code for the next process, and to load what an
    #   earlier one left. That takes microseconds where compiling takes up to seconds. A directory, or true for this
    #   machine's: cargo's target directory in a clone, where +cargo clean+ removes it, else the user's cache directory, or
    #   where +STATS_TRACKER_CACHE_DIR+ says. Whoever can write there can run code in this process, so it has to be the
    #   user's own.
    # @param interruptible [Boolean] whether its guests can be stopped. Where not, their code is faster, for it counts
    #   nothing; but an endless loop is one, and holds Ruby's lock: only for guests that you trust. They have no time
    #   limit.
    # @return [Module]
    # @raise [CompileError] if it is no module
    def self.new(source, cache: false, interruptible: true)
      cache = cache.to_path if cache.respond_to?(:to_path)
      load(source, cache, interruptible ? true : false)
    end

    # Reads a +.wasm+ or a +.wat+ file, and compiles it.
    #
    # @param path [String, Pathname]
    # @param cache [Boolean, String, Pathname] as for {.new}
    # @param interruptible [Boolean] as for {.new}
    # @return [Module]
    # @raise [CompileError] if it is no module
    # @raise [SystemCallError] if it can't be read
    def self.load_file(path, cache: false, interruptible: true)
      new(File.binread(path), cache: cache, interruptible: interruptible)
    rescue CompileError => error
      raise error.class, "#{path}: #{error.message}"
    end

    # @!method interruptible?
    #   @return [Boolean] whether its guests can be stopped

    # What it wants to be handed, in order.
    # @return [Array<Import>]
    def imports
      native_imports.map { |from, name, kind, type| Import.new(from, name, kind.to_sym, type) }
    end

    # What it offers, in order.
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
