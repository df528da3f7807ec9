//! Revocation lists that `openssl ca -gencrl` makes: on hold, changes alone, of several issuers, for a part;
//! and entries that it cannot make.

use certrecall::rekey::complete::Check;
use certrecall::rekey::complete::Severity::{Refused, Told};

use super::common::pki::{Cert, content, element, elements, pem};
use super::common::{Folder, openssl};
use super::world::{Sent, accepts, hold, public, refuses, world};

/// `deltaCRLIndicator`, RFC 5280 section 5.2.4: the base is list number 1.
const DELTA: &str = "2.5.29.27=critical,DER:02:01:01";
/// `issuingDistributionPoint` of an indirect list, section 5.2.5.
const INDIRECT: &str = "issuingDistributionPoint=critical,@indirect";
/// `certificateIssuer`, section 5.3.3.
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 0x1d];

/// A list of this CA: serial numbers with the reason of each, and extensions of the list.
fn generated(of: &Cert, entries: &[(u8, &str)], extensions: &str) -> String {
    let folder = Folder::new();
    let revoked = |(serial, reason): &(u8, &str)| {
        format!("R\t400101000000Z\t200101000000Z{reason}\t{serial:02X}\tunknown\t/CN=revoked\n")
    };
    folder.write("index.txt", entries.iter().map(revoked).collect::<String>()).write("crlnumber", "02\n");
    folder.write("ca.pem", of.pem()).write("ca.key", of.key.pem());
    let config = format!(
        "[ca]\ndefault_ca=main\n[main]\ndatabase={0}/index.txt\ncrlnumber={0}/crlnumber\ncertificate={0}/ca.pem\nprivate_key={0}/ca.key\n\
         default_md=sha256\ndefault_crl_days=5\ncrl_extensions=list\n[list]\nauthorityKeyIdentifier=keyid\n{extensions}\n[indirect]\nindirectCRL=TRUE\n\
         [some]\nonlysomereasons=keyCompromise\n[users]\nonlyuser=TRUE\n[authorities]\nonlyCA=TRUE\n[attributes]\nonlyAA=TRUE\n",
        folder.path().display()
    );
    folder.write("ca.cnf", config);
    let made = openssl(&["ca", "-gencrl", "-config", &folder.at("ca.cnf")], b"").unwrap();
    String::from_utf8(made).unwrap()
}

/// The same with the issuer of the certificate said in each entry.
fn of_issuer(list: &str, signer: &Cert, issuer: &Cert) -> String {
    let der = openssl(&["crl", "-outform", "DER"], list.as_bytes()).unwrap();
    let subject = elements(content(elements(content(&issuer.der))[0]))[5].to_vec();
    let name = element(0x30, &element(0xa4, &subject));
    let extension = element(
        0x30,
        &[element(0x06, CERTIFICATE_ISSUER), element(0x01, &[0xff]), element(0x04, &name)].concat(),
    );
    let mut changed = signer.clone();
    changed.der = der;
    let changed = changed.with_fields(&signer.key, |fields| {
        let entries = elements(content(&fields[5])).into_iter().map(|entry| {
            let mut parts: Vec<Vec<u8>> = elements(content(entry)).into_iter().map(<[u8]>::to_vec).collect();
            let before = parts.get(2).map(|all| content(all).to_vec()).unwrap_or_default();
            parts.truncate(2);
            parts.push(element(0x30, &[before, extension.clone()].concat()));
            element(0x30, &parts.concat())
        });
        fields[5] = element(0x30, &entries.collect::<Vec<_>>().concat());
    });
    pem("X509 CRL", &changed.der)
}

#[test]
fn lists_of_openssl() {
    let world = world();
    let middle = &world.public.middle;
    let with = |list: String| Sent { lists: list, ..public(world.good().serial(9)) };
    let made = |entries: &[(u8, &str)], extensions| generated(middle, entries, extensions);
    let (compromised, on_hold, removed) =
        ([(9, ",keyCompromise")], [(9, ",certificateHold")], [(9, ",removeFromCRL")]);
    let whole = || made(&[(8, ",superseded")], "");
    hold(vec![
        accepts("another one is revoked", with(whole()), &[]),
        refuses(
            "revoked",
            with(made(&compromised, "")),
            &[(Check::Revoked, Refused, "since 2020-01-01T00:00:00Z, reason keyCompromise")],
        ),
        refuses(
            "revoked without a reason",
            with(made(&[(9, "")], "")),
            &[(Check::Revoked, Refused, "reason unspecified")],
        ),
        refuses("on hold", with(made(&on_hold, "")), &[(Check::Revoked, Refused, "reason certificateHold")]),
        // RFC 5280 section 5.3.1 has it in changes alone; in a whole list it is an entry like any other.
        refuses(
            "removed, in a whole list",
            with(made(&removed, "")),
            &[(Check::Revoked, Refused, "reason removeFromCRL")],
        ),
        refuses(
            "changes that name it",
            with(made(&compromised, DELTA)),
            &[(
                Check::ListedAsRevoked,
                Refused,
                "it holds only the changes since another list; give the complete one",
            )],
        ),
        accepts(
            "changes that put it on hold",
            with(made(&on_hold, DELTA)),
            &[(Check::RevocationNotTold, Told, "only the changes")],
        ),
        accepts(
            "changes that take it back",
            with(made(&removed, DELTA)),
            &[(Check::RevocationNotTold, Told, "only the changes")],
        ),
        accepts(
            "changes that do not name it",
            with(made(&[(8, "")], DELTA)),
            &[(Check::RevocationNotTold, Told, "only the changes")],
        ),
        accepts("a whole list, and changes that take it back", with(whole() + &made(&removed, DELTA)), &[]),
        refuses(
            "a whole list, and changes that name it",
            with(whole() + &made(&compromised, DELTA)),
            &[(Check::ListedAsRevoked, Refused, "reason keyCompromise")],
        ),
        refuses(
            "a whole list has it on hold, and changes take it back: a fresh whole list is asked for",
            with(made(&on_hold, "") + &made(&removed, DELTA)),
            &[(Check::Revoked, Refused, "reason certificateHold")],
        ),
        refuses(
            "of several issuers, and its own is the one of the list",
            with(made(&compromised, INDIRECT)),
            &[(Check::ListedAsRevoked, Refused, "it lists certificates of several issuers")],
        ),
        accepts(
            "of several issuers, and it is not there",
            with(made(&[], INDIRECT)),
            &[(Check::RevocationNotTold, Told, "several issuers")],
        ),
        accepts(
            "of several issuers, and another one has that number",
            with(of_issuer(&made(&compromised, INDIRECT), middle, &world.private.middle)),
            &[(Check::RevocationNotTold, Told, "several issuers")],
        ),
        refuses(
            "of several issuers, and its own is named",
            with(of_issuer(&made(&compromised, INDIRECT), middle, middle)),
            &[(Check::ListedAsRevoked, Refused, "several issuers")],
        ),
        accepts(
            "issuers are named in a list that may not name any",
            with(of_issuer(&made(&compromised, ""), middle, &world.private.middle)),
            &[(Check::RevocationNotTold, Told, "is not understood")],
        ),
        accepts(
            "for some reasons only, and it is not there",
            with(made(&[], "issuingDistributionPoint=critical,@some")),
            &[(Check::RevocationNotTold, Told, "for some reasons only")],
        ),
        refuses(
            "for some reasons only, and it is there",
            with(made(&compromised, "issuingDistributionPoint=critical,@some")),
            &[(Check::Revoked, Refused, "keyCompromise")],
        ),
        accepts("of its kind", with(made(&[], "issuingDistributionPoint=critical,@users")), &[]),
        accepts(
            "of the other kind",
            with(made(&[], "issuingDistributionPoint=critical,@authorities")),
            &[(Check::RevocationNotTold, Told, "not for certificates of this kind")],
        ),
        accepts(
            "of attribute certificates",
            with(made(&compromised, "issuingDistributionPoint=critical,@attributes")),
            &[(Check::RevocationNotTold, Told, "attribute certificates")],
        ),
        accepts(
            "with something critical that nobody knows",
            with(made(&compromised, "1.2.3.4=critical,DER:05:00")),
            &[(Check::RevocationNotTold, Told, "is not understood")],
        ),
        refuses(
            "with something that is not critical",
            with(made(&compromised, "1.2.3.4=DER:05:00")),
            &[(Check::Revoked, Refused, "keyCompromise")],
        ),
    ]);
}
