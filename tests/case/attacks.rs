//! What somebody adds to the input makes no exposed key look clear, and no sound key exposed.

use std::fs;

use serde_json::Value;

use crate::common::pki::{Key, bundle, leaf, named_ca, pem};
use crate::common::{Folder, key, run};

fn plan(folder: &Folder, more: &[&str]) -> Value {
    let ran = run(&[&["plan", &folder.at("in"), "-o", &folder.at("case")], more].concat());
    assert!(ran.status < 2 || ran.status == 3, "{}", ran.stderr);
    folder.json("case/plan.json")
}

fn verdicts(plan: &Value, verdict: &str) -> usize {
    let certificates =
        plan["keys"].as_array().unwrap().iter().flat_map(|k| k["certificates"].as_array().unwrap());
    certificates.filter(|c| c["verdict"] == verdict).count()
}

/// Many certificates of the name of an exposed CA, on other keys: it is tried first.
#[test]
fn certificates_of_the_name_of_an_exposed_ca_hide_nothing_below_it() {
    let folder = Folder::new();
    let ca = leaf("Busy CA")
        .authority()
        .with(|p| p.use_authority_key_identifier_extension = false)
        .from("2015-01-01")
        .to("2040-01-01")
        .self_signed();
    folder.write("in/ca/backup.pem", bundle(&ca, &[]));
    let mut rows = "path,uploaded_at\nca/backup.pem,2015-05-01\n".to_owned();
    for n in 0..5 {
        let certificate =
            leaf(&format!("l{n}.example")).serial(n + 1).from("2018-01-01").to("2040-01-01").by(&ca);
        folder.write(format!("in/leaves/{n}.pem"), certificate.pem());
        rows += &format!("leaves/{n}.pem,2018-05-01\n");
    }
    folder.write("rows.csv", rows);
    let manifest = folder.at("rows.csv");
    assert_eq!(verdicts(&plan(&folder, &["--manifest", &manifest]), "reissue"), 5);
    for n in 0..100 {
        folder.write(format!("in/added/{n}.pem"), named_ca("Busy CA").pem());
    }
    let after = plan(&folder, &[]);
    assert_eq!(verdicts(&after, "reissue"), 5, "{:#?}", after["findings"]);
}

/// A file with the private number of one key and the public half of another is evidence for the number alone.
#[test]
fn a_contradicting_public_half_is_no_other_form_of_a_key() {
    let folder = Folder::new();
    let (known, victim) = (Key::new(), Key::new());
    let mut forged = known.der();
    let point = victim.der();
    // Both end in the uncompressed point of SEC 1.
    let (at, from) = (forged.len() - 65, point.len() - 65);
    assert_eq!((forged[at], point[from]), (4, 4));
    forged[at..].copy_from_slice(&point[from..]);
    folder.write("in/forged.pem", pem("PRIVATE KEY", &forged));
    folder.write(
        "in/victim.pem",
        leaf("victim.example").key(&victim).from("2018-01-01").to("2040-01-01").by(&named_ca("CA")).pem(),
    );
    folder.write("rows.csv", "path,uploaded_at\nforged.pem,2015-05-01\nvictim.pem,2018-05-01\n");
    let judged = plan(&folder, &["--manifest", &folder.at("rows.csv")]);
    let (known, victim) = (known.spki().to_string(), victim.spki().to_string());
    assert_eq!(key(&judged, &known)["exposure"], "exposed");
    assert_eq!(key(&judged, &victim)["exposure"], "not-exposed");
    let list = fs::read_to_string(folder.path().join("case/exposed-spki.txt")).unwrap();
    assert!(list.contains(&known) && !list.contains(&victim), "{list}");
    let cleared = plan(&folder, &["--clear", &format!("{victim}=ours")]);
    assert_eq!(
        key(&cleared, &known)["exposure"],
        "exposed",
        "a decision about the one says nothing of the other"
    );
}
