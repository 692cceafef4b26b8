;; Sleeps for an hour with the oldest name of WASI.
(module
  (import "wasi_unstable" "poll_oneoff" (func $poll (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param i32 i32) (result i32)
    ;; A clock subscription: type 0 at 8, clock 1 at 16, timeout at 32 (after an identifier of that version).
    (i32.store (i32.const 24) (i32.const 1))
    (i64.store (i32.const 32) (i64.const 3600000000000))
    (drop (call $poll (i32.const 0) (i32.const 256) (i32.const 1) (i32.const 512)))
    (i32.const 1)))
