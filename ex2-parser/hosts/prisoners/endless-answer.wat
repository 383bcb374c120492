;; An answer that never ends: 1 MiB of JSON, in which each object opens the next one and none is closed.
;;
;; The length is allowed and the bytes are there, so the host starts to parse. A parser that calls itself for each level
;; uses up the host's stack, and the process ends without an exception.
(module
  (memory (export "memory") 18)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (local $place i32)
    (local.set $place (i32.const 65536))
    (loop $more
      ;; {"a":
      (i32.store (local.get $place) (i32.const 0x2261227b))
      (i32.store8 offset=4 (local.get $place) (i32.const 0x3a))
      (local.set $place (i32.add (local.get $place) (i32.const 5)))
      (br_if $more (i32.lt_u (local.get $place) (i32.const 1114100))))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 65536))
  (func (export "result_length") (result i32) (i32.const 1048500)))
