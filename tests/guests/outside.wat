;; Hands pointers outside its memory to the host call that the operation names.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wapc" "__host_response" (func $host_response (param i32)))
  (import "wapc" "__host_error" (func $host_error (param i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "\ff\fe")
  (func $call (param $payload i32)
    (drop (call $host_call
      (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1)
      (local.get $payload) (i32.const 1))))
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (local $what i32)
    (call $request (i32.const 0) (i32.const 1024))
    (local.set $what (i32.load8_u (i32.const 0)))
    ;; q: the request itself
    (if (i32.eq (local.get $what) (i32.const 0x71))
      (then (call $request (i32.const -4) (i32.const 0))))
    ;; r: a response that starts inside
    (if (i32.eq (local.get $what) (i32.const 0x72))
      (then (call $response (i32.const 65535) (i32.const 2))))
    ;; e: an error as long as the address space
    (if (i32.eq (local.get $what) (i32.const 0x65))
      (then (call $error (i32.const 1) (i32.const -1))))
    ;; l: a log line
    (if (i32.eq (local.get $what) (i32.const 0x6c))
      (then (call $log (i32.const 65536) (i32.const 1))))
    ;; c: the payload of a host call
    (if (i32.eq (local.get $what) (i32.const 0x63))
      (then (call $call (i32.const 65536))))
    ;; n: a name that is no text
    (if (i32.eq (local.get $what) (i32.const 0x6e))
      (then (drop (call $host_call
        (i32.const 0) (i32.const 1) (i32.const 512) (i32.const 2) (i32.const 0) (i32.const 1)
        (i32.const 0) (i32.const 1)))))
    ;; a: where the answer of a host call goes
    (if (i32.eq (local.get $what) (i32.const 0x61))
      (then (call $call (i32.const 0)) (call $host_response (i32.const 65536))))
    ;; x: where the error of a host call goes
    (if (i32.eq (local.get $what) (i32.const 0x78))
      (then (call $call (i32.const 0)) (call $host_error (i32.const 65536))))
    (i32.const 1)))
