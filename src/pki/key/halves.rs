//! The public half as computed, held against the one that is stored.

use crate::finding::{Code, Codes};
use crate::pki::spki::{self, KeyFacts};

/// Joins what was computed with what is stored into facts: computed numbers are believed, stored ones are
/// only compared. One that contradicts is another key, and no other form of this one (DESIGN.md 2.5).
///
/// `algorithm` is the AlgorithmIdentifier that the public key has by the file; both keys are the octets
/// within the BIT STRING.
pub(super) fn settle(algorithm: &[u8], computed: Option<&[u8]>, stored: Option<&[u8]>) -> KeyFacts {
    let Some(found) = stored.or(computed) else {
        let mut facts = spki::read(&spki::build(algorithm, &[]));
        (facts.spki, facts.spki_raw, facts.modulus) = (None, None, None);
        facts.findings = facts.findings.iter().filter(|code| *code != Code::PublicKeyNotRead).collect();
        facts.findings.insert(Code::PublicKeyNotComputable);
        return facts;
    };
    let mut facts = spki::read(&spki::build(algorithm, found));
    let Some(computed) = computed else {
        facts.findings.insert(Code::PublicKeyNotVerified);
        return facts;
    };
    if computed == found {
        return facts;
    }
    let mut own = spki::read(&spki::build(algorithm, computed));
    if own.spki == facts.spki {
        // The same key in another form, a compressed point for example.
        return facts;
    }
    own.findings.insert(Code::KeyMismatch);
    own
}

/// Adds a code to facts.
pub(super) fn with(mut facts: KeyFacts, code: Code) -> KeyFacts {
    facts.findings = facts.findings.union([code].into_iter().collect::<Codes>());
    facts
}
