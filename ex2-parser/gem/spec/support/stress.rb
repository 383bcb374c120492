# frozen_string_literal: true

# Sets GC.stress while a method of the gem runs, with the procs that it calls: the garbage collector then runs at every
# allocation. The specs' own code allocates a thousand times as many objects and runs without stress.
module Stress
  # Minor collections. Major ones would take minutes and find no more bugs: the objects that a method of the gem has just
  # allocated are young.
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
