//! Search/replace replies.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenon_fuzz::parses_alike(tenon::diff::ReplyFormat::SearchReplace, data));
