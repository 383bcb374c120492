;; Hello World, written by hand in the text form of WebAssembly ("Wat").
;;
;;     cargo run -p ex1-hello              run by a host written in Rust
;;     cargo run -p ex1-hello -- serve     run by a browser
;;
;; A module computes, and does nothing else. It can't print, open a file or see its host's memory. Outside of itself it
;; can only call the functions that it imports from its host. This module imports two things: a function that prints,
;; and a memory that host and guest both read. It puts a text into the memory and passes the text's offset and length to
;; the function. The host reads the text from the memory and prints it.
;;
;; Everything is written as (form argument ...), one form inside of another. $names exist in the text form only. The
;; binary form has numbers in their place, from 0 for each kind.

(module
  ;; Imports come first. Each has two names, module and item, which are strings that the host knows; and a type, which
  ;; the host has to match. The names "console" and "log" are those of JavaScript's function in a browser.
  ;;
  ;; A function that takes two 32-bit numbers and returns nothing. WebAssembly has numbers but no strings. These two are
  ;; the text's offset in the memory and its length, both in bytes.
  (import "console" "log" (func $log (param $offset i32) (param $length i32)))

  ;; A memory of at least 1 page. A page is 64 KiB. All of it is zero until something is written there.
  (import "js" "mem" (memory 1))

  ;; When an instance of the module is made, these bytes are written to the memory, at offset 0. They are 29 bytes of
  ;; UTF-8. No zero byte ends them, because the length is passed to the host.
  (data (i32.const 0) "Hello World from WebAssembly!")

  ;; The module's own function. It is exported, so the host can find it by its name and call it. It takes nothing and
  ;; returns nothing.
  (func (export "helloWorld")
    ;; Instructions work on a stack. The first two push a number each.
    i32.const 0     ;; the offset
    i32.const 29    ;; the length
    ;; The third takes both numbers from the stack: they are the arguments of the call.
    call $log))
