;; A function that calls itself without end.
;;
;; Compiled code uses the host's own stack, or one beside it. Whoever does not check its end writes over other memory, or
;; dies by a signal.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func $deeper (param i32) (result i32)
    ;; The addition is behind the call, so that no compiler makes a loop of it.
    (i32.add (call $deeper (i32.add (local.get 0) (i32.const 1))) (local.get 0)))
  (func (export "extract") (param i32 i32) (result i32) (call $deeper (local.get 0)))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
