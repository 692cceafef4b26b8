;; Uses clocks, random numbers and output, and answers with the error numbers of what it tried: six bytes for
;; clock, random, output, the first preopened directory, opening a file, and the number of variables.
(module
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_prestat_get" (func $prestat (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ (param i32 i32) (result i32)))
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (import "wapc" "__console_log" (func $log (param i32 i32)))
  (memory (export "memory") 1)
  (data (i32.const 512) "hello from a guest\n/etc/passwd")
  (func (export "__guest_call") (param i32 i32) (result i32)
    (i32.store8 (i32.const 0) (call $clock (i32.const 0) (i64.const 1) (i32.const 256)))
    (i32.store8 (i32.const 1) (call $random (i32.const 264) (i32.const 8)))
    (i32.store (i32.const 272) (i32.const 512))
    (i32.store (i32.const 276) (i32.const 19))
    (i32.store8 (i32.const 2)
      (call $write (i32.const 1) (i32.const 272) (i32.const 1) (i32.const 280)))
    (i32.store8 (i32.const 3) (call $prestat (i32.const 3) (i32.const 280)))
    (i32.store8 (i32.const 4)
      (call $open (i32.const 3) (i32.const 0) (i32.const 531) (i32.const 11) (i32.const 0)
        (i64.const 2) (i64.const 0) (i32.const 0) (i32.const 280)))
    (drop (call $environ (i32.const 284) (i32.const 288)))
    (i32.store8 (i32.const 5) (i32.load (i32.const 284)))
    (call $log (i32.const 512) (i32.const 18))
    (call $response (i32.const 0) (i32.const 6))
    (i32.const 1)))
