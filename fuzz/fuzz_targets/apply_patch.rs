//! Replies of patch envelopes.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| tenon_fuzz::parses_alike(tenon::diff::ReplyFormat::ApplyPatch, data));
