;; Zero lengths with pointers that point nowhere, as guests with empty buffers have them.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (call $request (i32.const -1) (i32.const -1))
    (drop (call $host_call
      (i32.const -1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1) (i32.const 0)
      (i32.const 65536) (i32.const 0)))
    (call $host_response (i32.const -1))
    (call $response (i32.const -1) (i32.const 0))
    (i32.const 1)))
