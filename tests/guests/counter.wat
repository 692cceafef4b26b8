;; Counts its calls in memory, in a global and in a table, and answers with the three counts.
(module
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 1)
  (global $count (mut i32) (i32.const 0))
  (func (export "__guest_call") (param i32 i32) (result i32)
    (i32.store8 (i32.const 8) (i32.add (i32.load8_u (i32.const 8)) (i32.const 1)))
    ;; Past the part that a pool is likely to keep.
    (drop (memory.grow (i32.const 32)))
    (i32.store8 (i32.const 2000000) (i32.add (i32.load8_u (i32.const 2000000)) (i32.const 1)))
    (global.set $count (i32.add (global.get $count) (i32.const 1)))
    (i32.store8 (i32.const 9) (i32.load8_u (i32.const 2000000)))
    (i32.store8 (i32.const 10) (global.get $count))
    (call $response (i32.const 8) (i32.const 3))
    (i32.const 1)))
