;; Calls the actor whose key comes first in its payload, with that key moved to the end, and fails with what it
;; got: actors that are given each other's keys call each other for ever.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__host_call"
    (func $host_call (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (call $request (i32.const 1024) (i32.const 65536))
    (memory.copy (i32.add (i32.const 65536) (local.get $msg)) (i32.const 65536) (i32.const 56))
    (call $host_call
      (i32.const 0) (i32.const 0) (i32.const 65536) (i32.const 56)
      (i32.const 1024) (local.get $op) (i32.const 65592) (local.get $msg))))
