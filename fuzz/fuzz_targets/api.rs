#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| wash_fuzz::api(bytes));
