;; Endless calls of the host, which gives this guest the page again and again.
;;
;; A limit that counts only the guest's own instructions hardly advances here: the time passes in the host. Each call has
;; to be charged, and a host that is interrupted in the middle of its own function has to stay whole.
(module
  (import "host" "page" (func $page (result i32)))
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (loop $forever
      (drop (call $page))
      (br $forever))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
