;; An answer that overlaps the end of the address space: it begins 4 bytes before 4 GiB, and so ends at 7.
;;
;; A host that adds the two as 32-bit numbers finds an end within the memory, and reads before or behind it.
(module
  (memory (export "memory") 1)
  (data (i32.const 0) "{\"total\":7}")
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32) (i32.const 0))
  (func (export "result") (result i32) (i32.const -4))
  (func (export "result_length") (result i32) (i32.const 11)))
