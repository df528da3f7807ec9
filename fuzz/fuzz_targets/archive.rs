//! An archive, and the records made of what is in it.
#![no_main]

use certrecall::read::{Place, certificates_in, read_bytes};
use certrecall::report::record;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let place = Place::new(0, b"fuzz.zip");
    let items = read_bytes(data);
    assert!(!items.is_empty());
    for item in &items {
        let mut line = Vec::new();
        record::push(&mut line, &place, item);
        assert!(!line.contains(&b'\n') && std::str::from_utf8(&line).is_ok_and(|l| l.starts_with("{\"kind\":\"") && l.ends_with('}')));
    }
    let certificates = items.iter().filter(|item| matches!(&item.body, Ok(certrecall::pki::Object::Certificate(_)))).count();
    assert_eq!(certificates_in(data).len(), certificates, "what was found is found again");
});
