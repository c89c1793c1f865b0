//! A text, the live text and a reply, with zero bytes between: carrying.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenon_fuzz::rebases(data));
