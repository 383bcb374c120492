# frozen_string_literal: true

# The host: runs hello.wat from Ruby.
#
#     rake -f ex2-parser/gem/Rakefile compile
#     ruby -Iex2-parser/gem/lib ex1-hello/hello.rb
#
# hello.wat names what the module imports. This host provides it.

require "wasm_host"

# The memory that host and guest both read. The module asks for one page.
memory = WasmHost::Memory.new(minimum: 1)

# console.log is a proc. It gets the text's offset in the memory and its length in bytes, and reads the text there.
log = ->(offset, length) { puts memory.text(offset, length) }

# The two imports, by their two names each.
imports = { "console" => { "log" => log }, "js" => { "mem" => memory } }

hello = WasmHost::Module.load_file(File.join(__dir__, "hello.wat"))
WasmHost::Instance.new(hello, imports).call("helloWorld")
