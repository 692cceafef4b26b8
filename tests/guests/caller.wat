;; Calls binding "default", namespace "test:callee" with its own operation and payload, and answers with what
;; it got: the response, or "E" and the host's error.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response_len" (func $host_response_len (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (import "wapc" "__host_error_len" (func $host_error_len (result i32)))
  (import "wapc" "__host_error" (func $host_error (param i32)))
  (memory (export "memory") 4)
  (data (i32.const 0) "default")
  (data (i32.const 16) "test:callee")
  (data (i32.const 131071) "E")
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (call $request (i32.const 1024) (i32.const 65536))
    (if (call $host_call
          (i32.const 0) (i32.const 7) (i32.const 16) (i32.const 11)
          (i32.const 1024) (local.get $op) (i32.const 65536) (local.get $msg))
      (then
        (call $host_response (i32.const 131072))
        (call $response (i32.const 131072) (call $host_response_len)))
      (else
        (call $host_error (i32.const 131072))
        (call $response (i32.const 131071) (i32.add (i32.const 1) (call $host_error_len)))))
    (i32.const 1)))
