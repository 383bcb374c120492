;; Throws an exception through the host: `extract` asks for the page, for which the host calls `allocate`, which throws.
;; `extract` catches all, its own and the host's exceptions, and begins again.
;;
;; The exception passes the frames of the host, which may be left half done. And where the host ends a guest by an
;; exception, the guest may catch its own end.
(module
  (import "host" "page" (func $page (result i32)))
  (memory (export "memory") 1)
  (tag $mine)
  (global $throws (mut i32) (i32.const 0))
  (func (export "allocate") (param i32) (result i32)
    (if (global.get $throws) (then (throw $mine)))
    (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (global.set $throws (i32.const 1))
    (loop $again
      (block $caught
        (try_table (catch_all $caught)
          (drop (call $page))))
      (br $again))
    (i32.const 0))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
