;; Asks for an import that no host of these has.
;;
;; A host that fills in what is missing, for example with an empty function, gives away what it never meant to.
(module
  (import "host" "delete_all_files" (func $delete_all_files (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 1024) "{\"total\":7}")
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32) (call $delete_all_files))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
