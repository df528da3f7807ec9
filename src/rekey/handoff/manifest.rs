//! The manifest of a `CertificateRequest` for cert-manager.

use std::fmt::Write as _;

use super::super::ca::Next;
use super::super::key::unpem;
use super::super::record::Record;
use super::super::slug::slug;
use super::super::usage;
use crate::oid;
use crate::pki::der::{self, Reader, SET, Tlv, context};
use crate::plan::ca::Sort;

/// What cert-manager calls the bits of `keyUsage`, in the order of RFC 5280 section 4.2.1.3.
const KEY_USAGES: [&str; 9] = [
    "digital signature",
    "content commitment",
    "key encipherment",
    "data encipherment",
    "key agreement",
    "cert sign",
    "crl sign",
    "encipher only",
    "decipher only",
];
/// What it calls purposes: the content of their OIDs (RFC 5280 section 4.2.1.12).
const PURPOSES: &[(&[u8], &str)] = &[
    (oid::ANY_EXT_KEY_USAGE, "any"),
    (oid::SERVER_AUTH, "server auth"),
    (oid::CLIENT_AUTH, "client auth"),
    (oid::CODE_SIGNING, "code signing"),
    (oid::EMAIL_PROTECTION, "email protection"),
    (oid::IPSEC_END_SYSTEM, "ipsec end system"),
    (oid::IPSEC_TUNNEL, "ipsec tunnel"),
    (oid::IPSEC_USER, "ipsec user"),
    (oid::TIME_STAMPING, "timestamping"),
    (oid::OCSP_SIGNING, "ocsp signing"),
];

/// What a request says it is for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Usages {
    /// As cert-manager names them.
    named: Vec<&'static str>,
    /// Purposes that it has no name for.
    unnamed: Vec<String>,
}

/// Writes it.
pub(super) fn manifest(out: &mut String, record: &Record, next: &Next, request: &str) {
    let name = slug(record.names.first().map_or(&record.subject, |n| n));
    let base64 = base64_simd::STANDARD.encode_to_string(request);
    let mut found =
        unpem("CERTIFICATE REQUEST", request.as_bytes()).map(|der| usages(&der)).unwrap_or_default();
    if found == Usages::default() {
        // A request that says nothing of it is compared with nothing.
        found.named = vec!["digital signature", usual(next.sort)];
    }
    out.push_str("## cert-manager\n\nWith the name of your issuer in the place of ISSUER; `kubectl apply -f` it. The key stays here, so make the Secret of what `certrecall complete` writes.\n\n");
    if !found.unnamed.is_empty() {
        let _ = writeln!(
            out,
            "The request asks for purposes that cert-manager has no name for and may leave out: {}.\n",
            found.unnamed.join(", ")
        );
    }
    let _ = writeln!(
        out,
        "```yaml\napiVersion: cert-manager.io/v1\nkind: CertificateRequest\nmetadata:\n  name: {name}-{}\nspec:\n  request: {base64}",
        &record.spki_sha256.to_string()[..12]
    );
    if let Some(days) = next.max_days {
        let _ = writeln!(out, "  duration: {}h", u64::from(days) * 24);
    }
    // Its webhook refuses usages that are not those of the request.
    if !found.named.is_empty() {
        let _ = writeln!(out, "  usages: [{}]", found.named.join(", "));
    }
    out.push_str(
        "  issuerRef:\n    name: ISSUER\n    kind: ClusterIssuer\n    group: cert-manager.io\n```\n",
    );
}

const fn usual(sort: Option<Sort>) -> &'static str {
    match sort {
        Some(Sort::TlsClient) => "client auth",
        Some(Sort::Smime) => "email protection",
        Some(Sort::CodeSigning) => "code signing",
        _ => "server auth",
    }
}

/// `keyUsage` and `extendedKeyUsage` among the extensions that a request asks for.
fn usages(request: &[u8]) -> Usages {
    let mut out = Usages::default();
    for (oid, value) in extensions(request) {
        match oid {
            oid::KEY_USAGE => {
                out.named.extend(usage::set(value).into_iter().flatten().map(|i| KEY_USAGES[i]))
            }
            oid::EXT_KEY_USAGE => out.purposes(value),
            _ => {}
        }
    }
    out
}

/// How many names a request in PEM asks for, of whatever kind.
pub(super) fn names(request: &str) -> usize {
    let request = unpem("CERTIFICATE REQUEST", request.as_bytes()).unwrap_or_default();
    let names = extensions(&request).into_iter().filter(|(oid, _)| *oid == oid::SUBJECT_ALT_NAME);
    names.filter_map(|(_, value)| Reader::new(value).sequence()).flatten().count()
}

/// The extensions that a request asks for (RFC 2986 section 4.1, RFC 2985 section 5.4.2): name and value.
fn extensions(request: &[u8]) -> Vec<(&[u8], &[u8])> {
    let info = Reader::new(request).sequence().and_then(|mut r| r.sequence());
    let attributes = info.into_iter().flatten().filter(|field| field.tag == context(0)).flat_map(Tlv::reader);
    let requests = attributes.filter_map(|attribute| {
        let fields = &mut attribute.reader();
        (fields.oid()? == oid::EXTENSION_REQUEST).then(|| fields.tagged(SET)?.reader().sequence()).flatten()
    });
    requests.flatten().filter_map(extension).collect()
}

/// Name and value of an `Extension` (RFC 5280 section 4.1).
fn extension(whole: Tlv<'_>) -> Option<(&[u8], &[u8])> {
    let fields = &mut whole.reader();
    Some((fields.oid()?, fields.find(|f| f.tag == der::OCTET_STRING)?.content))
}

impl Usages {
    fn purposes(&mut self, value: &[u8]) {
        for purpose in Reader::new(value).sequence().into_iter().flatten() {
            match PURPOSES.iter().find(|(content, _)| *content == purpose.content) {
                Some((_, name)) => self.named.push(name),
                None => self.unnamed.extend(oid::dotted(purpose.content)),
            }
        }
    }
}
