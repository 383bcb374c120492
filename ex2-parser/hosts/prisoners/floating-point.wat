;; Uses all that the floating-point unit has: signalling NaNs, infinities, divisions by zero, numbers near zero. Then it
;; gives the right answer, which a host must accept.
;;
;; The unit's state belongs to the thread, not to the guest. A compiler that changed the rounding for one instruction, or
;; a flag that stays set, would change what the host and the next guest calculate: the good guest looks afterwards.
(module
  (memory (export "memory") 1)
  ;; A signalling NaN, infinity, the smallest number above zero, the largest number.
  (data (i32.const 0) "\01\00\00\00\00\00\f0\7f" "\00\00\00\00\00\00\f0\7f" "\01\00\00\00\00\00\00\00" "\ff\ff\ff\ff\ff\ff\ef\7f")
  (data (i32.const 1024) "{\"total\":7}")
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (local $round i32)
    (local $sum f64)
    (loop $more
      (local.set $sum (f64.add (f64.load (i32.const 0)) (f64.const 1)))
      (local.set $sum (f64.sub (f64.load (i32.const 8)) (f64.load (i32.const 8))))
      (local.set $sum (f64.div (f64.const 1) (f64.mul (f64.load (i32.const 16)) (f64.const 0.5))))
      (local.set $sum (f64.sqrt (f64.neg (f64.load (i32.const 24)))))
      (local.set $sum (f64.mul (f64.load (i32.const 24)) (f64.load (i32.const 24))))
      ;; The instructions that compilers build from a change of the rounding.
      (local.set $sum (f64.floor (f64.load (i32.const 24))))
      (local.set $sum (f64.ceil (f64.load (i32.const 16))))
      (local.set $sum (f64.trunc (f64.const -0.5)))
      (local.set $sum (f64.nearest (f64.const 2.5)))
      (drop (i64.trunc_sat_f64_u (f64.load (i32.const 0))))
      (drop (f32.demote_f64 (f64.load (i32.const 24))))
      ;; The bits of a NaN leave the guest as a number does.
      (f64.store (i32.const 32) (f64.load (i32.const 0)))
      (local.set $round (i32.add (local.get $round) (i32.const 1)))
      (br_if $more (i32.lt_u (local.get $round) (i32.const 1000))))
    ;; Half of 5 rounds to 2, the even one.
    (if (f64.ne (local.get $sum) (f64.const 2)) (then unreachable))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
