//! The records of keys as a case keeps them: in its database, in `plan.json`, and for every command.

mod named;
mod records;

pub use named::NameKey;
pub use records::{
    BecauseRecord, CertificateRecord, IssuedRecord, KeyRecord, RequestRecord, RiskPart, RiskRecord,
};
