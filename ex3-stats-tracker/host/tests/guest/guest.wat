;; A guest that does, by the first letter of the path, what a well-behaved one does not.
;;
;;   /      answers "hello"                    /e     echoes the request's body
;;   /l     loops for ever                     /w     waits for ever
;;   /g     asks for memory until refused      /t     traps
;;   /n     ends without an answer             /b     answers 8 MiB
;;   /h     traps in the middle of its answer  /d     waits for ever in the middle of its answer
;;   /v     answers the variable "greeting"    /x     answers how many environment variables it sees
;;   /p     prints 1 MiB to stderr             /fpH   asks http://H/ and answers the status, or the error's number
;;                                             /kH    the same by http, and waits a minute for each byte
;;   /r     asks what it may not, 4 000 times     /fsH   the same by https
;;   /i     answers which request of its instance this is. It is the only one that drops its request, as the others leave
;;          a handle behind
;;
;; and what it takes of the host without end:
;;
;;   /a     headers                            /q     addresses of requests that it never sends
;;   /o     bodies of such requests            /u     pollables
;;   /z     zeros, on stderr                   /y     random bytes
;;   /cH    connections to http://H/, whose answers it does not read: answers how many it got
(module
  (import "wasi:http/types@0.2.0" "[method]incoming-request.path-with-query" (func $path-with-query (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]incoming-request" (func $request.drop (param i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-request.consume" (func $request.consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-body.stream" (func $body.stream (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]fields" (func $fields (result i32)))
  (import "wasi:http/types@0.2.0" "[method]fields.append" (func $append (param i32 i32 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-response" (func $response (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-response.body" (func $response.body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-body.write" (func $body.write (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]outgoing-body.finish" (func $body.finish (param i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[static]response-outparam.set"
    (func $outparam.set (param i32 i32 i32 i32 i64 i32 i32 i32 i32)))
  (import "wasi:http/types@0.2.0" "[constructor]outgoing-request" (func $request (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-scheme"
    (func $set-scheme (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-authority"
    (func $set-authority (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.set-path-with-query"
    (func $set-path (param i32 i32 i32 i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]outgoing-request.body" (func $request.body (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[resource-drop]future-incoming-response" (func $future.drop (param i32)))
  (import "wasi:http/types@0.2.0" "[constructor]request-options" (func $options (result i32)))
  (import "wasi:http/types@0.2.0" "[method]request-options.set-first-byte-timeout"
    (func $set-first-byte-timeout (param i32 i32 i64) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.subscribe"
    (func $future.subscribe (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]future-incoming-response.get" (func $future.get (param i32 i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-response.status" (func $status (param i32) (result i32)))
  (import "wasi:http/types@0.2.0" "[method]incoming-response.consume" (func $response.consume (param i32 i32)))
  (import "wasi:http/types@0.2.0" "http-error-code" (func $error-code (param i32 i32)))
  (import "wasi:http/outgoing-handler@0.2.0" "handle" (func $send (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.check-write" (func $check-write (param i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.write" (func $write (param i32 i32 i32 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.write-zeroes" (func $write-zeroes (param i32 i64 i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.subscribe" (func $out.subscribe (param i32) (result i32)))
  (import "wasi:io/streams@0.2.0" "[resource-drop]output-stream" (func $out.drop (param i32)))
  (import "wasi:io/poll@0.2.0" "[method]pollable.block" (func $block (param i32)))
  (import "wasi:io/poll@0.2.0" "[resource-drop]pollable" (func $pollable.drop (param i32)))
  (import "wasi:clocks/monotonic-clock@0.2.0" "subscribe-duration" (func $after (param i64) (result i32)))
  (import "wasi:random/random@0.2.0" "get-random-bytes" (func $random (param i64 i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get-stderr (result i32)))
  (import "wasi:cli/environment@0.2.0" "get-environment" (func $get-environment (param i32)))
  (import "fermyon:spin/variables@2.0.0" "get" (func $variable (param i32 i32 i32)))

  (memory (export "memory") 2)
  (data (i32.const 1024) "hello")
  (data (i32.const 1040) "greeting")
  (data (i32.const 1056) "status ")
  (data (i32.const 1072) "error ")
  (data (i32.const 1088) "/")
  (data (i32.const 1104) "a line of a page, as a guest would print it\n")

  ;; What the host writes is put one after the other behind the first page. Nothing is ever freed.
  (global $heap (mut i32) (i32.const 65536))
  (func (export "cabi_realloc") (param $old i32) (param $old-size i32) (param $align i32) (param $size i32)
    (result i32)
    (local $at i32)
    (local.set $at
      (i32.and (i32.add (global.get $heap) (i32.const 7)) (i32.const -8)))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (br_if $fits (i32.le_u (global.get $heap) (i32.mul (memory.size) (i32.const 65536))))
      (if (i32.eq (i32.const -1)
            (memory.grow (i32.add (i32.const 1) (i32.shr_u (local.get $size) (i32.const 16)))))
        (then unreachable)))
    (local.get $at))

  ;; The requests that this instance was asked.
  (global $requests (mut i32) (i32.const 0))

  ;; Begins the answer, 200 without headers, and gives its body and stream.
  (func $begin (param $out i32) (result i32 i32)
    (local $response i32) (local $body i32)
    (local.set $response (call $response (call $fields)))
    (call $response.body (local.get $response) (i32.const 0))
    (local.set $body (i32.load (i32.const 4)))
    (call $outparam.set (local.get $out) (i32.const 0) (local.get $response)
      (i32.const 0) (i64.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))
    (call $body.write (local.get $body) (i32.const 0))
    (local.get $body)
    (i32.load (i32.const 4)))

  (func $end (param $body i32) (param $stream i32)
    (call $out.drop (local.get $stream))
    (call $body.finish (local.get $body) (i32.const 0) (i32.const 0) (i32.const 0)))

  ;; Writes it all, waiting where the stream is full.
  (func $write-all (param $stream i32) (param $at i32) (param $length i32)
    (local $pollable i32) (local $now i32)
    (block $done
      (loop $more
        (br_if $done (i32.eqz (local.get $length)))
        (call $check-write (local.get $stream) (i32.const 0))
        (br_if $done (i32.load8_u (i32.const 0)))
        (local.set $now (i32.wrap_i64 (i64.load (i32.const 8))))
        (if (i32.eqz (local.get $now))
          (then
            (local.set $pollable (call $out.subscribe (local.get $stream)))
            (call $block (local.get $pollable))
            (call $pollable.drop (local.get $pollable))
            (br $more)))
        (if (i32.lt_u (local.get $length) (local.get $now))
          (then (local.set $now (local.get $length))))
        (call $write (local.get $stream) (local.get $at) (local.get $now) (i32.const 0))
        (br_if $done (i32.load8_u (i32.const 0)))
        (local.set $at (i32.add (local.get $at) (local.get $now)))
        (local.set $length (i32.sub (local.get $length) (local.get $now)))
        (br $more))))

  (func $answer (param $out i32) (param $at i32) (param $length i32)
    (local $body i32) (local $stream i32)
    (call $begin (local.get $out))
    (local.set $stream)
    (local.set $body)
    (call $write-all (local.get $stream) (local.get $at) (local.get $length))
    (call $end (local.get $body) (local.get $stream)))

  ;; Answers a text of up to eight bytes, and a number of three digits.
  (func $answer-number (param $out i32) (param $text i32) (param $length i32) (param $number i32)
    (memory.copy (i32.const 2048) (local.get $text) (local.get $length))
    (local.set $length (i32.add (local.get $length) (i32.const 2048)))
    (i32.store8 (local.get $length)
      (i32.add (i32.const 48) (i32.div_u (local.get $number) (i32.const 100))))
    (i32.store8 offset=1 (local.get $length)
      (i32.add (i32.const 48) (i32.rem_u (i32.div_u (local.get $number) (i32.const 10)) (i32.const 10))))
    (i32.store8 offset=2 (local.get $length)
      (i32.add (i32.const 48) (i32.rem_u (local.get $number) (i32.const 10))))
    (call $answer (local.get $out) (i32.const 2048) (i32.sub (local.get $length) (i32.const 2045))))

  (func $wait
    (call $block (call $after (i64.const 0x7fffffffffffffff))))

  ;; Reads a body to its end, so that its connection is free again. The error's number, or -1 for none.
  (func $drain (param $body i32) (result i32)
    (local $stream i32)
    (call $body.stream (local.get $body) (i32.const 0))
    (local.set $stream (i32.load (i32.const 4)))
    (loop $more
      (global.set $heap (i32.const 65536))
      (call $read (local.get $stream) (i64.const 65536) (i32.const 0))
      (br_if $more (i32.eqz (i32.load8_u (i32.const 0)))))
    (if (i32.load8_u (i32.const 4)) ;; closed, as it ought to be
      (then (return (i32.const -1))))
    (call $error-code (i32.load (i32.const 8)) (i32.const 0))
    (if (i32.eqz (i32.load8_u (i32.const 0))) ;; an error without a code
      (then (return (i32.const 999))))
    (i32.load8_u (i32.const 8)))

  ;; Writes each piece of the request's body as it comes.
  (func $echo (param $request i32) (param $out i32)
    (local $from i32) (local $body i32) (local $stream i32)
    (call $request.consume (local.get $request) (i32.const 0))
    (call $body.stream (i32.load (i32.const 4)) (i32.const 0))
    (local.set $from (i32.load (i32.const 4)))
    (call $begin (local.get $out))
    (local.set $stream)
    (local.set $body)
    (block $end
      (loop $more
        (global.set $heap (i32.const 65536))
        (call $read (local.get $from) (i64.const 65536) (i32.const 0))
        (br_if $end (i32.load8_u (i32.const 0)))
        (call $write-all (local.get $stream) (i32.load (i32.const 4)) (i32.load (i32.const 8)))
        (br $more)))
    (call $end (local.get $body) (local.get $stream)))

  ;; A request by http, or by https, that is not sent yet.
  (func $new-request (param $secure i32) (param $authority i32) (param $length i32) (result i32)
    (local $request i32)
    (local.set $request (call $request (call $fields)))
    (drop (call $set-scheme (local.get $request) (i32.const 1) (local.get $secure) (i32.const 0) (i32.const 0)))
    (drop (call $set-authority (local.get $request) (i32.const 1) (local.get $authority) (local.get $length)))
    (drop (call $set-path (local.get $request) (i32.const 1) (i32.const 1088) (i32.const 1)))
    (local.get $request))

  ;; Sends requests without reading their answers until one is refused, and answers how many there were before.
  (func $connect (param $out i32) (param $authority i32) (param $length i32)
    (local $count i32) (local $future i32)
    (loop $more
      (call $send (call $new-request (i32.const 0) (local.get $authority) (local.get $length))
        (i32.const 0) (i32.const 0) (i32.const 0))
      (local.set $future (i32.load (i32.const 8)))
      (call $block (call $future.subscribe (local.get $future)))
      (call $future.get (local.get $future) (i32.const 0))
      (if (i32.eqz (i32.load8_u (i32.const 16)))
        (then
          (local.set $count (i32.add (local.get $count) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $count) (i32.const 900))))))
    (call $answer-number (local.get $out) (i32.const 1056) (i32.const 7) (local.get $count)))

  ;; Takes one thing after the other until it is stopped.
  (func $take (param $letter i32)
    (local $object i32) (local $i i32)
    (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 65536))
    (i32.store8 (i32.const 65536) (i32.const 0x2f)) ;; a path begins with a slash
    (loop $more
      (if (i32.eq (local.get $letter) (i32.const 0x61)) (then ;; a
        (local.set $object (call $fields))
        (call $append (local.get $object) (i32.const 1040) (i32.const 8) (i32.const 65536) (i32.const 15000) (i32.const 0))
        (call $append (local.get $object) (i32.const 1024) (i32.const 5) (i32.const 65536) (i32.const 15000) (i32.const 0))))
      (if (i32.eq (local.get $letter) (i32.const 0x71)) (then ;; q
        (drop (call $set-path (call $request (call $fields)) (i32.const 1) (i32.const 65536) (i32.const 60000)))))
      (if (i32.eq (local.get $letter) (i32.const 0x6f)) (then ;; o
        (call $request.body (call $request (call $fields)) (i32.const 0))
        (call $body.write (i32.load (i32.const 4)) (i32.const 0))
        (call $write-all (i32.load (i32.const 4)) (i32.const 65536) (i32.const 32768))))
      (if (i32.eq (local.get $letter) (i32.const 0x75)) (then ;; u
        (drop (call $after (i64.const 0x7fffffffffffffff)))))
      (if (i32.eq (local.get $letter) (i32.const 0x7a)) (then ;; z
        (call $write-zeroes (call $get-stderr) (i64.const 0x4000000000) (i32.const 0))))
      (if (i32.eq (local.get $letter) (i32.const 0x79)) (then ;; y
        (call $random (i64.const 0x4000000) (i32.const 0))))
      (br $more)))

  (func $fetch (param $out i32) (param $secure i32) (param $patient i32) (param $authority i32) (param $length i32)
    (local $options i32) (local $request i32) (local $future i32) (local $response i32) (local $error i32)
    (local.set $request (call $new-request (local.get $secure) (local.get $authority) (local.get $length)))
    (if (local.get $patient)
      (then
        (local.set $options (call $options))
        (drop (call $set-first-byte-timeout (local.get $options) (i32.const 1) (i64.const 60000000000)))))
    (call $send (local.get $request) (local.get $patient) (local.get $options) (i32.const 0))
    (if (i32.load8_u (i32.const 0))
      (then
        (call $answer-number (local.get $out) (i32.const 1072) (i32.const 6) (i32.load8_u (i32.const 8)))
        (return)))
    (local.set $future (i32.load (i32.const 8)))
    (call $block (call $future.subscribe (local.get $future)))
    (call $future.get (local.get $future) (i32.const 0))
    (if (i32.load8_u (i32.const 16))
      (then
        (call $answer-number (local.get $out) (i32.const 1072) (i32.const 6) (i32.load8_u (i32.const 24)))
        (return)))
    (local.set $response (i32.load (i32.const 24)))
    (call $response.consume (local.get $response) (i32.const 0))
    (local.set $error (call $drain (i32.load (i32.const 4))))
    (if (i32.eq (local.get $error) (i32.const -1))
      (then (call $answer-number (local.get $out) (i32.const 1056) (i32.const 7) (call $status (local.get $response))))
      (else (call $answer-number (local.get $out) (i32.const 1072) (i32.const 6) (local.get $error)))))

  (func (export "wasi:http/incoming-handler@0.2.0#handle") (param $request i32) (param $out i32)
    (local $path i32) (local $length i32) (local $letter i32) (local $body i32) (local $stream i32) (local $i i32)
    (global.set $requests (i32.add (global.get $requests) (i32.const 1)))
    (call $path-with-query (local.get $request) (i32.const 0))
    (local.set $path (i32.load (i32.const 4)))
    (local.set $length (i32.load (i32.const 8)))
    (if (i32.gt_u (local.get $length) (i32.const 1))
      (then (local.set $letter (i32.load8_u offset=1 (local.get $path)))))

    (if (i32.eq (local.get $letter) (i32.const 0x65)) (then ;; e
      (call $echo (local.get $request) (local.get $out))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x69)) (then ;; i
      (call $request.drop (local.get $request))
      (call $answer-number (local.get $out) (i32.const 1056) (i32.const 7) (global.get $requests))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x6c)) (then ;; l
      (loop $forever (br $forever))))
    (if (i32.eq (local.get $letter) (i32.const 0x77)) (then ;; w
      (call $wait)))
    (if (i32.eq (local.get $letter) (i32.const 0x67)) (then ;; g
      (loop $more
        (br_if $more (i32.ne (i32.const -1) (memory.grow (i32.const 16)))))
      unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x74)) (then ;; t
      unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x6e)) (then ;; n
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x62)) (then ;; b
      (drop (memory.grow (i32.const 128)))
      (memory.fill (i32.const 131072) (i32.const 0x62) (i32.const 8388608))
      (call $answer (local.get $out) (i32.const 131072) (i32.const 8388608))
      (return)))
    (if (i32.or (i32.eq (local.get $letter) (i32.const 0x68)) (i32.eq (local.get $letter) (i32.const 0x64))) (then ;; h d
      (call $begin (local.get $out))
      (local.set $stream)
      (local.set $body)
      (call $write-all (local.get $stream) (i32.const 1024) (i32.const 5))
      (if (i32.eq (local.get $letter) (i32.const 0x64)) (then (call $wait)))
      unreachable))
    (if (i32.eq (local.get $letter) (i32.const 0x66)) (then ;; f
      (call $fetch (local.get $out)
        (i32.eq (i32.load8_u offset=2 (local.get $path)) (i32.const 0x73))
        (i32.const 0)
        (i32.add (local.get $path) (i32.const 3))
        (i32.sub (local.get $length) (i32.const 3)))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x6b)) (then ;; k
      (call $fetch (local.get $out)
        (i32.const 0)
        (i32.const 1)
        (i32.add (local.get $path) (i32.const 2))
        (i32.sub (local.get $length) (i32.const 2)))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x63)) (then ;; c
      (call $connect (local.get $out)
        (i32.add (local.get $path) (i32.const 2))
        (i32.sub (local.get $length) (i32.const 2)))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x72)) (then ;; r
      (loop $more
        (call $send (call $new-request (i32.const 0) (i32.const 1024) (i32.const 5))
          (i32.const 0) (i32.const 0) (i32.const 0))
        (call $future.drop (i32.load (i32.const 8)))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (i32.const 4000))))))
    (if (i32.or
          (i32.or
            (i32.or (i32.eq (local.get $letter) (i32.const 0x61)) (i32.eq (local.get $letter) (i32.const 0x71)))
            (i32.or (i32.eq (local.get $letter) (i32.const 0x6f)) (i32.eq (local.get $letter) (i32.const 0x75))))
          (i32.or (i32.eq (local.get $letter) (i32.const 0x7a)) (i32.eq (local.get $letter) (i32.const 0x79))))
      (then ;; a q o u z y
        (call $take (local.get $letter))))
    (if (i32.eq (local.get $letter) (i32.const 0x76)) (then ;; v
      (call $variable (i32.const 1040) (i32.const 8) (i32.const 0))
      (if (i32.load8_u (i32.const 0))
        (then (call $answer-number (local.get $out) (i32.const 1072) (i32.const 6) (i32.load8_u (i32.const 4))))
        (else (call $answer (local.get $out) (i32.load (i32.const 4)) (i32.load (i32.const 8)))))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x78)) (then ;; x
      (call $get-environment (i32.const 0))
      (call $answer-number (local.get $out) (i32.const 1056) (i32.const 7) (i32.load (i32.const 4)))
      (return)))
    (if (i32.eq (local.get $letter) (i32.const 0x70)) (then ;; p
      (local.set $stream (call $get-stderr))
      (loop $more
        (call $write-all (local.get $stream) (i32.const 1104) (i32.const 44))
        (local.set $i (i32.add (local.get $i) (i32.const 1)))
        (br_if $more (i32.lt_u (local.get $i) (i32.const 24000))))))
    (call $answer (local.get $out) (i32.const 1024) (i32.const 5))))
