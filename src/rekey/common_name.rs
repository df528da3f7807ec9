//! Hosts in common names. Clients ignore them where they look for hosts (RFC 9525 section 2), and CAs ask for
//! alternative names; others still look at each common name where no `dNSName` is there, OpenSSL among them
//! (`openssl x509 -checkhost`).

use std::net::IpAddr;

use super::change::{Action, Change};
use super::general_name::{DNS, IP};
use super::mirror::Mirror;
use super::request::Wish;
use super::strict::{self, Form};
use crate::finding::Code;
use crate::oid;
use crate::pki::der::{self, Reader, SEQUENCE, SET, Tlv};
use crate::pki::name;

/// Adds each common name that is a host to the alternative names, where none of them is a host name.
pub(crate) fn add_hosts(mirror: &mut Mirror) {
    let old = mirror.wish(oid::SUBJECT_ALT_NAME).map(|wish| wish.value.clone());
    let there: Vec<Tlv<'_>> =
        old.as_deref().and_then(der::first).into_iter().flat_map(|(all, _)| all.reader()).collect();
    if there.iter().any(|name| name.tag == DNS) {
        return;
    }
    let common = common_names(&mirror.subject);
    let serves = mirror.serves();
    let mut hosts: Vec<(u8, Vec<u8>)> = Vec::new();
    for host in common.iter().filter_map(|text| host_of(text, serves, old.is_some())) {
        let same = |tag: u8, content: &[u8]| tag == host.0 && content.eq_ignore_ascii_case(&host.1);
        if !there.iter().any(|n| same(n.tag, n.content))
            && !hosts.iter().any(|(tag, content)| same(*tag, content))
        {
            hosts.push(host);
        }
    }
    if hosts.is_empty() {
        if old.is_none() {
            let why = if common.is_empty() {
                "there is none, and no common name either"
            } else {
                "there is none, and the common name is not a host name"
            };
            mirror.changes.push(Change::new("subjectAltName", Action::Absent, why));
        }
        return;
    }
    let added: Vec<Vec<u8>> = hosts.iter().map(|(tag, content)| der::tlv(*tag, content)).collect();
    let names =
        there.iter().map(|name| name.raw).chain(added.iter().map(Vec::as_slice)).collect::<Vec<_>>().concat();
    let value = der::tlv(SEQUENCE, &names);
    let names = if hosts.len() == 1 { "the common name is a host" } else { "these common names are hosts" };
    if old.is_some() {
        mirror.set_names(value);
        mirror.replace("subjectAltName", Action::Changed, &format!("it has no host name, and {names}"));
    } else {
        mirror.wishes.push(Wish { oid: oid::SUBJECT_ALT_NAME, critical: false, value });
        mirror.changes.push(Change::new(
            "subjectAltName",
            Action::Added,
            &format!("there is none, and {names}"),
        ));
    }
    if old.is_some() || hosts.len() > 1 {
        let note = |raw: &Vec<u8>| {
            let shown = der::first(raw).map(|(name, _)| super::general_name::shown(name)).unwrap_or_default();
            Change::new(
                &format!("subjectAltName {shown}"),
                Action::Added,
                "it is in a common name, where most clients do not look",
            )
        };
        mirror.changes.extend(added.iter().map(note));
    }
    mirror.codes.insert(Code::CommonNameAdded);
}

/// The common names that are text, in the order of the encoding.
fn common_names(subject: &[u8]) -> Vec<String> {
    let attributes = Reader::new(subject).filter(|rdn| rdn.tag == SET).flat_map(Tlv::reader);
    let values = attributes.filter_map(|attribute| {
        let fields = &mut attribute.reader();
        (fields.oid()? == oid::COMMON_NAME).then(|| fields.any()).flatten()
    });
    values.filter_map(name::decode).collect()
}

/// The host that a common name is, as a `GeneralName`. `beside`: other names are there, so that the common
/// name may be that of a person.
fn host_of(common: &str, serves: bool, beside: bool) -> Option<(u8, Vec<u8>)> {
    match common.parse::<IpAddr>() {
        Ok(IpAddr::V4(ip)) => return Some((IP, ip.octets().to_vec())).filter(|_| serves || !beside),
        Ok(IpAddr::V6(ip)) => return Some((IP, ip.octets().to_vec())).filter(|_| serves || !beside),
        Err(_) => {}
    }
    let (content, foreign) = match strict::host(common.as_bytes()) {
        Form::Kept => (common.as_bytes().to_vec(), false),
        Form::Written { tag: DNS, content, .. } => (content, !common.is_ascii()),
        Form::Written { .. } | Form::LeftOut(_) => return None,
    };
    let text = std::str::from_utf8(&content).ok()?;
    let dotted = text.contains('.');
    // A single word, and a name in other letters, may as well be that of a person.
    let meant = match (foreign, beside) {
        (true, _) | (_, true) => dotted && serves,
        (false, false) => dotted || serves,
    };
    (meant && is_internet_name(text)).then_some((DNS, content))
}

/// Whether a host name is one of letters, digits and hyphens (RFC 1123 section 2.1), and its last label is
/// not a number, or it would be an address.
fn is_internet_name(text: &str) -> bool {
    let number = text.rsplit('.').next().is_some_and(|last| last.bytes().all(|b| b.is_ascii_digit()));
    !text.contains('_') && !number
}
