;; Has all the exports, with other types: numbers of 64 bits, and one that is no whole number.
;;
;; A host that calls by name alone passes arguments in the wrong registers, or takes an address of 5.5 for one.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024) "{\"total\":7}")
  (func (export "allocate") (param i64) (result i64) (i64.const 4096))
  (func (export "extract") (param f32 f64) (result f64) (f64.const 0.5))
  (func (export "result") (result f64) (f64.const 1024.5))
  (func (export "result_length") (result i64) (i64.const 11)))
