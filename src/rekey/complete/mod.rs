//! The way back from the CA: what it issued is matched to the new keys, checked, and put beside them as
//! bundles that servers take.
//!
//! [`gather()`] reads what came back, [`judge()`] matches by key and checks (pure but for the case it reads),
//! [`write()`] makes the bundles: `replacements/<name>/issued/` with `fullchain.pem`, `cert.pem`, `chain.pem`
//! and `issued.json`, whole or not at all; an older bundle stays beside it as `issued-1` and so on.

mod bundle;
mod chain;
mod check;
mod checks;
mod current;
mod damaged;
mod decision;
mod facts;
mod gather;
mod judgement;
mod layouts;
mod matching;
mod model;
mod names;
mod pem;
mod pkcs12;
mod record;
mod revoked;
mod strangers;

pub use bundle::{LeftOut, Written, write};
pub use chain::public_roots;
pub use check::{Check, Found, Severity, Waiver, Waivers};
pub use checks::Rules;
pub use damaged::damaged_keys;
pub use gather::{Gathered, List, Met, Other, gather};
pub use judgement::{Accepted, Candidate, Judged, Judgement, State, Stranger};
pub use layouts::{Layout, NotALayout};
pub use matching::judge;
pub use model::{Expected, Inputs};
pub use pem::{CERTIFICATE, CHAIN, FULL_CHAIN, ISSUED, ISSUED_RECORD};
pub use record::{Above, Finding, ISSUED_SCHEMA, Issued, Root, Top};
