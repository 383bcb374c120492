;; Hello World, written by hand in the text form of WebAssembly ("Wat").
;;
;;     cargo run -p ex1-hello              run by a host written in Rust
;;     cargo run -p ex1-hello -- serve     run by a browser
;;
;; A module computes, and does nothing else. It can't print, open a file or see its host's memory: all that it may do
;; outside of itself is call the functions that its host hands it. This one is handed two things, a function that
;; prints and the memory that both sides read. So the text's way to the screen is: it lies in that memory, the module
;; tells the host where and how long it is, and the host reads it there and prints it.
;;
;; Everything is written as (form argument ...), each form nested in another. $names exist in the text only; in the
;; binary form things are numbered, each kind from 0.

(module
  ;; Imports come first. Each has two names, the module and the item, which are nothing but strings that the host has
  ;; to know; and a type, which the host has to match. These two are called what a browser calls them, where
  ;; console.log is a function of JavaScript's.
  ;;
  ;; A function of two 32-bit numbers, that returns nothing. WebAssembly has numbers and no strings: here they are the
  ;; text's offset in memory and its length, both in bytes.
  (import "console" "log" (func $log (param $offset i32) (param $length i32)))

  ;; A memory of at least 1 page. A page is 64 KiB. All of it is zero until something is written there.
  (import "js" "mem" (memory 1))

  ;; When the module is instantiated, these bytes are written to the memory, at the offset that the first form says:
  ;; here at the very beginning, offset 0. They are 29 bytes of UTF-8, and no zero byte ends them, because the length
  ;; is told.
  (data (i32.const 0) "Hello World from WebAssembly!")

  ;; A function of the module's own, which the host finds under the exported name. It takes nothing and returns
  ;; nothing.
  (func (export "helloWorld")
    ;; Instructions work on a stack. These two push a number each,
    i32.const 0     ;; the offset,
    i32.const 29    ;; the length,
    ;; and this one takes both of them off again, as the arguments of the call.
    call $log))
