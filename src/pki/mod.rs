//! Floor 1: bytes to owned values. Certificates, keys, requests and revocation lists, read once and described
//! completely.
//!
//! Nothing here does I/O. `x509-parser` stays behind this door; what it refuses gets a tolerant second look,
//! so that no object that users have disappears. Private numbers live only inside `key` and are wiped; what
//! comes out is public.

mod algorithm;
mod alt_names;
pub(crate) mod ber;
pub(crate) mod cert;
pub(crate) mod contained;
pub(crate) mod crl;
pub(crate) mod csr;
pub(crate) mod der;
pub mod dn;
mod extensions;
mod hidden;
pub mod host_names;
mod hosts;
mod issuer;
pub(crate) mod key;
mod label;
pub mod name;
pub(crate) mod object;
mod parse;
pub(crate) mod pkcs7;
mod reencode;
pub(crate) mod seen;
mod shape;
pub(crate) mod signature;
pub(crate) mod spki;
pub mod texts;
pub(crate) mod times;

pub use alt_names::{Names, RareNames};
pub use cert::Certificate;
pub(crate) use cert::{signed_parts, spki_of};
pub use contained::{Contained, Parsed, Piece};
pub use crl::Crl;
pub use csr::Request;
pub use extensions::{Extended, Purpose};
pub use hidden::show;
pub use issuer::Issuer;
pub use key::PrivateKey;
pub use label::Label;
pub use object::{Object, Unread};
pub(crate) use parse::read_ec_key;
pub use parse::{read_der, read_labelled};
pub(crate) use shape::{
    begins_without_length, declared_length, first_element, is_encrypted_key, is_signature,
};
pub use signature::{Checked, check as check_signature};
pub use spki::{Curve, KeyAlgorithm, KeyFacts};
pub use texts::Texts;
