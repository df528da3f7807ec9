//! A whole file, and the records made of it: each is one line of JSON.
#![no_main]

use std::collections::BTreeSet;

use certrecall::read::{Place, read_bytes};
use certrecall::report::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let place = Place::new(0, b"fuzz.pem");
    let mut seen = BTreeSet::new();
    for item in &read_bytes(data) {
        // Archives can have a name twice.
        let contained = item.member.as_deref().is_none_or(|member| member.starts_with("pkcs7"));
        assert!(seen.insert((item.member.clone(), item.index)) || !contained, "a member and an index name one item");
        let mut line = Vec::new();
        record::push(&mut line, &place, item);
        assert!(!line.contains(&b'\n') && std::str::from_utf8(&line).is_ok_and(|l| l.starts_with("{\"kind\":\"") && l.ends_with('}')));
    }
});
