//! What vouches for an answer, and whether a bundle in place still holds: through the command line.

use std::fs;

use super::common::pki::{Cert, Draft, bundle, leaf};
use super::common::{Folder, run};
use super::world::timestamps;
use super::{Case, day, fresh};

/// A CA whose root lay among the uploads and is public by `--roots`.
fn public_by_word() -> (Cert, Case, String) {
    let root = leaf("Own Public Root").authority().from("2015-01-01").to("2040-01-01").self_signed();
    let case = Case { folder: Folder::new() };
    let old = leaf("a.example.com").from("2015-01-01").to("2040-01-01").by(&root);
    case.folder.write("uploads/a.pem", bundle(&old, &[&root])).write("root.pem", root.pem());
    let (uploads, directory, roots) = (case.folder.at("uploads"), case.folder.at("case"), case.folder.at("root.pem"));
    let planned = run(&["plan", &uploads, "-o", &directory, "--uploaded", "2016-01-01", "--roots", &roots]);
    assert_eq!(planned.status, 1, "{}", planned.stderr);
    assert_eq!(run(&["rekey", &directory]).status, 1);
    assert_eq!(case.plan_json()["replacements"][0]["reach"], "public");
    (root, case, roots)
}

#[test]
fn a_root_of_the_inventory_makes_no_public_certificate_private() {
    let (root, case, roots) = public_by_word();
    let long = fresh("a.example.com", &case.key("a.example.com")).to(&day(3000)).by(&root);
    let refused = case.complete(&long.pem(), &[]);
    assert_eq!(refused.status, 3, "{}", refused.stdout);
    for check in ["refused other-ca", "refused too-long", "refused timestamps", "--roots FILE", "--waive other-ca --reason TEXT"] {
        assert!(refused.stdout.contains(check), "{check}: {}", refused.stdout);
    }
    let waived = case.complete(&long.pem(), &["--waive", "other-ca", "--waive", "timestamps", "--reason", "moved"]);
    assert!(waived.status == 3 && waived.stdout.contains("refused too-long"), "{}", waived.stdout);
    let public = case.complete(&long.pem(), &["--roots", &roots]);
    assert!(public.status == 3 && public.stdout.contains("refused too-long") && !public.stdout.contains("other-ca"), "{}", public.stdout);
    let logged = |d: Draft| d.with(|p| p.custom_extensions.push(timestamps(2)));
    let good = logged(fresh("a.example.com", &case.key("a.example.com")).serial(5)).by(&root);
    let taken = case.complete(&good.pem(), &["--roots", &roots]);
    assert_eq!(taken.status, 0, "{}", taken.stdout);
    let record = fs::read_to_string(case.replacement("a.example.com").join("issued/issued.json")).unwrap();
    assert!(record.contains("\"known\": \"public\""), "{record}");
    case.folder.write("none.pem", "nothing");
    let none = case.complete(&good.pem(), &["--roots", &case.folder.at("none.pem")]);
    assert!(none.status == 2 && none.stderr.contains("holds no certificate"), "{}", none.stderr);
}
