;; The body of a request is one for the HTTP client, which is made before the answer. Without a body the answer comes
;; at once.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
  (import "wapc" "__host_error" (func $host_error (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "default")
  (data (i32.const 16) "wasmcloud:httpclient")
  (data (i32.const 48) "HttpClient.Request")
  ;; {statusCode: 200, header: {}, body: "ok"}
  (data (i32.const 80) "\83\aastatusCode\cc\c8\a6header\80\a4body\c4\02ok")
  (data (i32.const 128) "no body of less than 256 bytes")
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (local $at i32)
    (call $request (i32.const 1024) (i32.const 65536))
    (local.set $at (i32.const 65536))
    ;; The field `body`, and a length of one byte
    (loop $search
      (if (i32.ge_u (local.get $at) (i32.add (i32.const 65536) (local.get $msg)))
        (then
          (call $error (i32.const 128) (i32.const 30))
          (return (i32.const 0))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $search (i32.ne (i32.load (local.get $at)) (i32.const 0x79646f62)))
      (br_if $search (i32.ne (i32.load8_u offset=4 (local.get $at)) (i32.const 0xc4))))
    (if (i32.load8_u offset=5 (local.get $at))
      (then
        (if (i32.eqz (call $host_call
              (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 20) (i32.const 48) (i32.const 18)
              (i32.add (local.get $at) (i32.const 6)) (i32.load8_u offset=5 (local.get $at))))
          (then
            (call $host_error (i32.const 131072))
            (call $error (i32.const 131072) (call $host_error_len))
            (return (i32.const 0))))))
    (call $response (i32.const 80) (i32.const 31))
    (i32.const 1)))
