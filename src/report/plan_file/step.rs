//! The records of steps, as [`Step`] serialises. There are very many, so they are written by hand, straight
//! into the buffer.

use super::key::push_time;
use crate::id::{StepId, push_hex};
use crate::plan::Step;
use crate::report::json::{self, name};

/// Appends the record of a step.
pub(super) fn push(out: &mut Vec<u8>, step: &Step) {
    let Step {
        id,
        kind,
        status,
        needs,
        deadline,
        deadline_source,
        says,
        key,
        certificates,
        authority,
        clock,
        or_after,
        only_if,
        commands,
    } = step;
    out.extend_from_slice(b"{\"id\":");
    json::push_word(out, id.as_str());
    name!(out, "kind");
    json::push_word(out, kind.as_str());
    name!(out, "status");
    json::push_word(out, status.as_str());
    name!(out, "needs");
    json::push_list(out, needs.iter().map(StepId::as_str));
    name!(out, "deadline");
    push_time(out, *deadline);
    if let Some(source) = deadline_source {
        name!(out, "deadline_source");
        json::push_str(out, source);
    }
    name!(out, "message");
    json::push_str(out, says);
    if let Some(key) = key {
        name!(out, "spki_sha256");
        out.push(b'"');
        push_hex(out, key.as_bytes());
        out.push(b'"');
    }
    name!(out, "certificates");
    out.push(b'[');
    for (i, sha256) in certificates.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"\"" } else { b",\"" });
        push_hex(out, sha256.as_bytes());
        out.push(b'"');
    }
    out.push(b']');
    if let Some(authority) = authority {
        name!(out, "authority");
        json::push_str(out, authority);
    }
    if let Some(clock) = clock {
        name!(out, "clock");
        json::push(out, clock);
    }
    if let Some(id) = or_after {
        name!(out, "or_after");
        json::push_word(out, id.as_str());
    }
    if let Some(id) = only_if {
        name!(out, "only_if");
        json::push_word(out, id.as_str());
    }
    if !commands.is_empty() {
        name!(out, "commands");
        json::push(out, commands);
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{Fingerprint, SpkiHash};
    use crate::plan::step::AuthorityClock;
    use crate::plan::{Status, StepKind};
    use crate::time::Time;

    #[test]
    fn what_is_written_by_hand_is_what_serialises() {
        let id = |part: &[u8]| StepId::derive("revoke", &[part]);
        let bare = Step::new(id(b"a"), StepKind::Search, "a \"quoted\" \u{202e} name\n");
        let full = Step {
            status: Status::Waiting,
            needs: vec![id(b"b"), id(b"c")],
            deadline: Some(Time::from_unix(1_500_000_000)),
            deadline_source: Some("a rule".into()),
            key: Some(SpkiHash::of(b"key")),
            certificates: vec![Fingerprint::of(b"1"), Fingerprint::of(b"2")],
            authority: Some("lets-encrypt".into()),
            clock: Some(Box::new(AuthorityClock { hours: 24, source: "BR 4.9.1.1".into() })),
            or_after: Some(id(b"d")),
            only_if: Some(id(b"e")),
            commands: vec![vec!["openssl".to_owned(), "ca".to_owned()], Vec::new()],
            ..bare.clone()
        };
        for step in [bare, full] {
            let mut out = Vec::new();
            push(&mut out, &step);
            assert_eq!(
                String::from_utf8(out.clone()).unwrap(),
                String::from_utf8(json::to_vec(&step)).unwrap()
            );
            assert_eq!(serde_json::from_slice::<Step>(&out).unwrap(), step);
        }
    }
}
