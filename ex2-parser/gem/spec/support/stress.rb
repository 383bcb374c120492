# frozen_string_literal: true

# Puts the garbage collector under stress while a method of the gem runs, the procs that it calls included: it then runs
# at every chance that it has. The specs' own code, which makes a thousand times the objects, is spared.
module Stress
  # A collection of what is young, at each allocation. A full one each time takes minutes and finds no more: what a method
  # of the gem has just made is young.
  MINOR = 1

  def self.around(target)
    hidden = target.private_instance_methods(false)
    names = target.instance_methods(false) + hidden - %i[initialize inspect]
    target.prepend(::Module.new do
      names.each do |name|
        define_method(name) do |*arguments, **options, &block|
          before = GC.stress
          GC.stress = MINOR
          super(*arguments, **options, &block)
        ensure
          GC.stress = before
        end
      end
      private(*(names & hidden))
    end)
  end

  def self.everywhere
    [WasmHost::Module, WasmHost::Instance, WasmHost::Function, WasmHost::Memory, WasmHost::Global, WasmHost::Program,
     GhcrPage::Guest].each do |target|
      around(target)
      around(target.singleton_class)
    end
    around(GhcrPage.singleton_class)
  end
end
