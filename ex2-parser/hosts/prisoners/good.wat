;; The good guest, which runs before and after each prisoner: its answer is {"total":7}.
;;
;; It also looks at the state that a prisoner could have left in the thread's floating-point unit: another rounding, or
;; numbers near zero that became zero. Then it traps.
(module
  (memory (export "memory") 1)
  ;; 0.1, 0.2, their rounded sum, and the smallest number above zero. They are read from the memory, so that no compiler
  ;; calculates with them in advance.
  (data (i32.const 0) "\9a\99\99\99\99\99\b9\3f" "\9a\99\99\99\99\99\c9\3f" "\34\33\33\33\33\33\d3\3f" "\01\00\00\00\00\00\00\00")
  (data (i32.const 1024) "{\"total\":7}")
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (if (f64.ne (f64.add (f64.load (i32.const 0)) (f64.load (i32.const 8))) (f64.load (i32.const 16)))
      (then unreachable))
    (if (f64.eq (f64.mul (f64.load (i32.const 24)) (f64.const 1)) (f64.const 0))
      (then unreachable))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
