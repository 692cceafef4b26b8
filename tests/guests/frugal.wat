;; Is refused memory, copes, and answers with what memory.grow returned.
(module
  (import "wapc" "__guest_response" (func $response (param i32 i32)))
  (memory (export "memory") 1)
  (func (export "__guest_call") (param i32 i32) (result i32)
    (i32.store (i32.const 0) (memory.grow (i32.const 60000)))
    (call $response (i32.const 0) (i32.const 4))
    (i32.const 1)))
