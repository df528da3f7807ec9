//! Makes the tree that the benches read: bundles of key, leaf and intermediate, two thirds RSA-2048 from a
//! small pool, one third fresh P-256.
//!
//! With a number of accounts it makes the heap of a vendor instead: folders by account, each bundle with a
//! P-256 key of its own, uploaded some day from 2013 to 2019, most of them long expired, some with a long
//! life, some renewed on the same key; and `DIR.csv`, the upload manifest.
//!
//! usage: bench-tree DIR BUNDLES [ACCOUNTS]

#![allow(clippy::print_stderr, clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_RSA_SHA256, RsaKeySize, SerialNumber, date_time_ymd,
};

/// Bundles in one folder.
const FOLDER: usize = 100;
/// RSA keys that leaves share.
const POOL: usize = 48;
/// Intermediates that sign them.
const INTERMEDIATES: usize = 12;

fn main() {
    let mut args = std::env::args_os().skip(1);
    let (Some(directory), Some(count)) =
        (args.next().map(PathBuf::from), args.next().and_then(|n| n.to_str()?.parse::<usize>().ok()))
    else {
        eprintln!("usage: bench-tree DIR BUNDLES [ACCOUNTS]");
        return;
    };
    let accounts = args.next().and_then(|n| n.to_str()?.parse::<usize>().ok());
    let rsa = || KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
    let pool: Vec<KeyPair> = (0..POOL).map(|_| rsa()).collect();
    let root = authority("Bench Root", rsa(), None);
    let intermediates: Vec<_> = (0..INTERMEDIATES)
        .map(|i| authority(&format!("Bench Intermediate {i}"), rsa(), Some(&root.1)))
        .collect();
    if let Some(accounts) = accounts {
        return vendor(&directory, count, accounts.max(1), &intermediates);
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let folder = next.fetch_add(1, Ordering::Relaxed);
                    if folder * FOLDER >= count {
                        break;
                    }
                    let path = directory.join(format!("account-{folder:05}"));
                    fs::create_dir_all(&path).unwrap();
                    for n in folder * FOLDER..count.min((folder + 1) * FOLDER) {
                        bundle(&path, n, &pool, &intermediates);
                    }
                }
            });
        }
    });
}

fn authority(
    name: &str,
    key: KeyPair,
    parent: Option<&Issuer<'static, KeyPair>>,
) -> (String, Issuer<'static, KeyPair>) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.distinguished_name.push(DnType::OrganizationName, "Bench CA Ltd");
    params.distinguished_name.push(DnType::CountryName, "GB");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2035, 1, 1));
    let certificate = match parent {
        Some(parent) => params.signed_by(&key, parent).unwrap(),
        None => params.self_signed(&key).unwrap(),
    };
    (certificate.pem(), Issuer::new(params, key))
}

fn bundle(folder: &Path, n: usize, pool: &[KeyPair], intermediates: &[(String, Issuer<'static, KeyPair>)]) {
    let fresh;
    let key = if n % 3 == 2 {
        fresh = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        &fresh
    } else {
        &pool[n % pool.len()]
    };
    let (chain, issuer) = &intermediates[n % intermediates.len()];
    let host = format!("host-{n}.account-{}.example.com", n / FOLDER);
    let mut params = CertificateParams::new(vec![host.clone(), format!("www.{host}")]).unwrap();
    params.distinguished_name.push(DnType::CommonName, host);
    params.serial_number = Some(SerialNumber::from((n as u64 + 1) << 20 | 0x7_1234));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment];
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    (params.not_before, params.not_after) = (date_time_ymd(2026, 6, 1), date_time_ymd(2034, 12, 1));
    let leaf = params.signed_by(key, issuer).unwrap();
    let text = format!("{}{}{}", key.serialize_pem(), leaf.pem(), chain).replace("\r\n", "\n");
    fs::write(folder.join(format!("bundle-{n:07}.pem")), text).unwrap();
}

/// The heap of a vendor, and its manifest.
fn vendor(
    directory: &Path,
    count: usize,
    accounts: usize,
    intermediates: &[(String, Issuer<'static, KeyPair>)],
) {
    let parts = std::thread::available_parallelism().map_or(1, usize::from);
    let rows: Vec<String> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..parts)
            .map(|part| {
                scope.spawn(move || {
                    let of_part = (part..accounts).step_by(parts);
                    of_part
                        .map(|account| {
                            of_account(directory, account, (account..count).step_by(accounts), intermediates)
                        })
                        .collect::<String>()
                })
            })
            .collect();
        started.into_iter().map(|part| part.join().unwrap()).collect()
    });
    fs::write(directory.with_extension("csv"), format!("path,uploaded_at,account\n{}", rows.concat()))
        .unwrap();
}

/// The bundles of one account; rows of the manifest.
fn of_account(
    directory: &Path,
    account: usize,
    numbers: impl Iterator<Item = usize>,
    intermediates: &[(String, Issuer<'static, KeyPair>)],
) -> String {
    let folder = directory.join(format!("{account:05}"));
    fs::create_dir_all(&folder).unwrap();
    let mut rows = String::new();
    let mut key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    for (at, n) in numbers.enumerate() {
        let renewed = at > 0 && n % 25 == 3;
        if at > 0 && !renewed {
            key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
        }
        let (year, month) = (2013 + (n % 7) as i32, 1 + (n % 12) as u8);
        let until = if n % 20 == 0 { 2040 } else { year + 1 + (n % 2) as i32 };
        let (chain, issuer) = &intermediates[n % intermediates.len()];
        let host = format!("help-{at}.account-{account}.example.com");
        let mut params = CertificateParams::new(vec![host.clone()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, host);
        params.serial_number = Some(SerialNumber::from((n as u64 + 1) << 20 | 0x7_1234));
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        (params.not_before, params.not_after) =
            (date_time_ymd(year, month, 1), date_time_ymd(until, month, 1));
        let leaf = params.signed_by(&key, issuer).unwrap();
        let text = format!("{}{}{}", key.serialize_pem(), leaf.pem(), chain).replace("\r\n", "\n");
        fs::write(folder.join(format!("bundle-{n:07}.pem")), text).unwrap();
        rows.push_str(&format!(
            "{account:05}/bundle-{n:07}.pem,{year}-{month:02}-15T10:00:00Z,account-{account}\n"
        ));
    }
    rows
}
