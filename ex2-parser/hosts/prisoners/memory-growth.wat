;; Takes all the memory there is: first in one piece of 4 GiB, then page by page, and writes to each.
;;
;; Memory that is only reserved costs nothing, so a host may think itself safe until the pages are written. A host
;; without a limit is killed by the operating system, together with all its other guests.
(module
  (memory (export "memory") 1)
  (func (export "allocate") (param i32) (result i32) (i32.const 4096))
  (func (export "extract") (param i32 i32) (result i32)
    (local $place i32)
    (drop (memory.grow (i32.const 65535)))
    (loop $more
      ;; Write to all pages that there are now.
      (loop $page
        (if (i32.lt_u (i32.shr_u (local.get $place) (i32.const 16)) (memory.size))
          (then
            (i32.store8 (local.get $place) (i32.const 1))
            (local.set $place (i32.add (local.get $place) (i32.const 4096)))
            ;; At 4 GiB the place is 0 again.
            (br_if $page (local.get $place)))))
      (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1))))
    ;; There is no more. Without this end the limit on time would stop the guest.
    (unreachable))
  (func (export "result") (result i32) (i32.const 1024))
  (func (export "result_length") (result i32) (i32.const 11)))
