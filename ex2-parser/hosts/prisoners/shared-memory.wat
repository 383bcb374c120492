;; Has a shared memory, and waits in it for a notification that nobody sends.
;;
;; It executes nothing while it waits, so that no counter of instructions and no check at a loop's head comes by.
(module
  (memory (export "memory") 1 16 shared)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
