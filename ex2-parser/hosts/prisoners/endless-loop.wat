;; An endless loop: no call, no memory, no end.
;;
;; A host that only looks after a call has returned never looks again. The thread is lost, and the core with it.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (loop $forever (br $forever))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
