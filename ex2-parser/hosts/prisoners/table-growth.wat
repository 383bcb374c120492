;; A table without a maximum that grows by 50 million entries at a time, and then by a thousand.
;;
;; A limit on memory does not see it: the entries are the host's memory, 8 or 16 bytes each, up to 64 GiB.
(module
  (memory (export "memory") 1)
  (table $table 1 funcref)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (loop $more
      (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 50000000)) (i32.const -1))))
    (loop $more
      (br_if $more (i32.ne (table.grow $table (ref.null func) (i32.const 1000)) (i32.const -1))))
    ;; There is no more.
    (unreachable))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
