;; Is right but slow: it calculates for a while, and then gives the right answer. It must not be stopped.
;;
;; A host that contains everything because it ends everything contains nothing: the limits have to leave honest work
;; alone.
(module
  (memory (export "memory") 1)
  (data (i32.const 1024) "{\"total\":7}")
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (local $round i32)
    (local $number i32)
    (loop $more
      (local.set $number (i32.add (i32.mul (local.get $number) (i32.const 1664525)) (i32.const 1013904223)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $round) (i32.const 2000000))))
    ;; The number after so many steps, so that nothing is left out.
    (i32.eq (local.get $number) (i32.const 0)))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
