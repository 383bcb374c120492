# frozen_string_literal: true

# Modules for the specs, as text.
module Wat
  # An instance of a module with this body.
  def instance(body, imports = {}, **limits)
    WasmHost::Instance.new("(module #{body})", imports, **limits)
  end

  # A module whose export "f" calls the import "host" "f" of the same type.
  def calling(type, arguments = "")
    "(import \"host\" \"f\" (func $f #{type})) (func (export \"f\") #{type} #{arguments} (call $f))"
  end

  # An instance whose export "f" calls the block.
  def instance_calling(type, arguments = "", **limits, &body)
    instance(calling(type, arguments), { "host" => { "f" => body } }, **limits)
  end

  # A WASI command with this body. Its memory has room for the I/O vectors at 0.
  def program(body)
    WasmHost::Program.new(<<~TEXT)
      (module
        (import "wasi_snapshot_preview1" "fd_read" (func $fd_read (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
        (import "wasi_snapshot_preview1" "args_sizes_get" (func $args_sizes_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
        (import "wasi_snapshot_preview1" "poll_oneoff" (func $poll_oneoff (param i32 i32 i32 i32) (result i32)))
        (memory (export "memory") 2)
        ;; Writes $length bytes at $offset to the file $fd.
        (func $write (param $fd i32) (param $offset i32) (param $length i32)
          (i32.store (i32.const 0) (local.get $offset))
          (i32.store (i32.const 4) (local.get $length))
          (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
        #{body})
    TEXT
  end
end
