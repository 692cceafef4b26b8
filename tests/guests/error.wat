;; Fails with the operation as its reason, or without a reason when the operation is empty.
(module
  (import "wapc" "__guest_request" (func $request (param i32 i32)))
  (import "wapc" "__guest_error" (func $error (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param $op i32) (param $msg i32) (result i32)
    (if (local.get $op)
      (then
        (call $request (i32.const 0) (i32.const 1024))
        (call $error (i32.const 0) (local.get $op))))
    (i32.const 0)))
