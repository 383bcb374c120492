;; Enters itself through the host: `allocate` asks for the page, for which the host calls `allocate`.
;;
;; Each round uses stack of the host beside the guest's own, which no engine counts. And a host that holds a lock while it
;; calls its guest waits for itself.
(module
  (import "host" "page" (func $page (result i32)))
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (call $page))
  (func (export "extract") (param i32 i32) (result i32) (call $page))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
