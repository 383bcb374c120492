;; Lies about a pointer and a length: the answer begins at the memory's last byte, and has 4 GiB - 1 bytes.
;;
;; A host that believes the pointer reads its own memory. One that believes the length takes 4 GiB for a copy; where
;; numbers are signed it is -1, which passes a check for "less than the limit".
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32) (i32.const 0))
  (func (export "result") (result i32) (i32.const 65535))
  (func (export "result_length") (result i32) (i32.const -1)))
