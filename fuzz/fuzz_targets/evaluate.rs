//! A text, a zero byte, and a reply in any format: lowering and resolving.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenon_fuzz::evaluates(data));
