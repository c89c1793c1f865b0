//! Replies of unified diffs.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenon_fuzz::parses_alike(tenon::diff::ReplyFormat::UnifiedDiff, data));
