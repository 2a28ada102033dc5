#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| antiphon_stackexchange::fuzz::page(data));
