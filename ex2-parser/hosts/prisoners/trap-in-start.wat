;; Traps in its start function, which runs before the host has an instance.
;;
;; Limits that are set on the instance come too late, and what the host made for it has to be freed without it.
(module
  (memory (export "memory") 1)
  (func $start unreachable)
  (start $start)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32) (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
