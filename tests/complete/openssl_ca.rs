//! The whole way with `openssl ca`: requests out, certificates back in every form, bundles and the plan after
//! that.

use std::fs;
use std::path::Path;

use super::common::pki::{Key, leaf, private_ca};
use super::common::{Folder, run, run_with_input};
use super::{Case, ran};

/// A root and an intermediate that `openssl ca` runs.
pub(super) struct OpensslCa {
    folder: Folder,
}

impl OpensslCa {
    pub(super) fn new() -> Self {
        let ca = Self { folder: Folder::new() };
        let at = |name: &str| ca.folder.at(name);
        ca.folder
            .write("index.txt", "")
            .write("index.txt.attr", "unique_subject = no\n")
            .write("serial", "1000\n")
            .write("crlnumber", "01\n");
        let config = format!(
            "[ca]\ndefault_ca = main\n[main]\ndatabase = {0}/index.txt\nserial = {0}/serial\ncrlnumber = {0}/crlnumber\nnew_certs_dir = {0}\n\
             certificate = {0}/middle.pem\nprivate_key = {0}/middle.key\ndefault_md = sha256\ndefault_days = 90\ndefault_crl_days = 7\npolicy = any\n\
             copy_extensions = copy\nx509_extensions = leaf\nunique_subject = no\n[any]\ncommonName = optional\norganizationName = optional\n\
             [leaf]\nbasicConstraints = CA:FALSE\nauthorityKeyIdentifier = keyid\nsubjectKeyIdentifier = hash\n\
             [above]\nbasicConstraints = critical,CA:TRUE,pathlen:0\nkeyUsage = critical,keyCertSign,cRLSign\nsubjectKeyIdentifier = hash\nauthorityKeyIdentifier = keyid\n\
             [req]\ndistinguished_name = none\n[none]\n",
            ca.folder.path().display()
        );
        ca.folder.write("ca.cnf", config);
        let (config, root, root_key) = (at("ca.cnf"), at("root.pem"), at("root.key"));
        let new = [
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-config",
            &config,
            "-subj",
            "/CN=Test Root",
            "-days",
            "3000",
        ];
        let usage = [
            "-addext",
            "basicConstraints=critical,CA:TRUE",
            "-addext",
            "keyUsage=critical,keyCertSign,cRLSign",
        ];
        ran("openssl", &[&new[..], &usage, &["-keyout", &root_key, "-out", &root]].concat());
        let (middle_key, request, middle) = (at("middle.key"), at("middle.csr"), at("middle.pem"));
        let new =
            ["req", "-newkey", "rsa:2048", "-nodes", "-config", &config, "-subj", "/CN=Test Intermediate"];
        ran("openssl", &[&new[..], &["-keyout", &middle_key, "-out", &request]].concat());
        let sign = [
            "x509",
            "-req",
            "-in",
            &request,
            "-CA",
            &root,
            "-CAkey",
            &root_key,
            "-set_serial",
            "2",
            "-days",
            "2000",
        ];
        ran(
            "openssl",
            &[&sign[..], &["-extfile", &config, "-extensions", "above", "-out", &middle]].concat(),
        );
        ca
    }

    pub(super) fn at(&self, name: &str) -> String {
        self.folder.at(name)
    }

    /// What `openssl ca` prints for a request: text and PEM.
    pub(super) fn issue(&self, request: &Path, more: &[&str]) -> String {
        let (config, out) = (self.at("ca.cnf"), self.at("issued.pem"));
        let request = request.to_str().unwrap();
        ran(
            "openssl",
            &[&["ca", "-batch", "-config", &config, "-in", request, "-out", &out, "-notext"][..], more]
                .concat(),
        );
        fs::read_to_string(out).unwrap()
    }
}

#[test]
fn the_whole_way() {
    let names = ["a.example", "b.example", "c.example", "d.example"];
    let drafts =
        names.iter().map(|n| if *n == "b.example" { leaf(n).key(&Key::rsa()) } else { leaf(n) }).collect();
    let case = Case::new(&private_ca(), drafts, &[]);
    let ca = OpensslCa::new();
    let back = Folder::new();
    let issued: Vec<String> =
        names.iter().map(|n| ca.issue(&case.replacement(n).join("request.pem"), &[])).collect();
    // One as text and PEM, one in DER, one in PKCS #7 with its chain, one over standard input.
    let file = |name: &str, text: &str| {
        back.write(name, text);
        back.at(name)
    };
    let b = file("tmp/b.pem", &issued[1]);
    fs::create_dir(back.path().join("in")).unwrap();
    file(
        "in/a.txt",
        &format!("Dear customer,\r\n\r\nhere it is:\r\n{}\r\nregards", issued[0].replace('\n', "\r\n")),
    );
    ran("openssl", &["x509", "-in", &b, "-outform", "DER", "-out", &back.at("in/b.cer")]);
    let c = file("tmp/c.pem", &issued[2]);
    ran(
        "openssl",
        &[
            "crl2pkcs7",
            "-nocrl",
            "-certfile",
            &c,
            "-certfile",
            &ca.at("middle.pem"),
            "-certfile",
            &ca.at("root.pem"),
            "-out",
            &back.at("in/c.p7b"),
        ],
    );
    let (directory, folder, root) = (case.folder.at("case"), back.at("in"), ca.at("root.pem"));
    let dry = run(&["complete", &directory, &folder, "--root", &root, "--dry-run"]);
    assert_eq!(dry.status, 1, "one is missing: {} {}", dry.stdout, dry.stderr);
    assert!(
        !case.replacement("a.example").join("issued").exists()
            && case.step("replace", "a.example")["status"] == "ready",
        "a dry run writes nothing"
    );
    let first = run(&["complete", &directory, &folder, "--root", &root]);
    assert_eq!(first.status, 1, "{} {}", first.stdout, first.stderr);
    assert!(
        first.stderr.contains("3 accepted, 0 in place already, 1 missing, 0 refused"),
        "{}",
        first.stderr
    );
    assert_eq!(case.step("replace", "a.example")["status"], "done");
    assert_eq!(case.step("deploy", "a.example")["status"], "ready");
    assert_eq!(case.step("replace", "d.example")["status"], "ready");
    let status = run(&["status", &directory]);
    assert!(
        status.stdout.contains("confirmed by certrecall complete: the certificate with SHA-256"),
        "{}",
        status.stdout
    );
    assert!(run(&["explain", &directory, "a.example"]).stdout.contains("was issued and checked"));
    assert!(
        case.folder.text("case/plan.md").lines().any(|l| l.starts_with("- [x]") && l.contains("a.example"))
    );
    // The last one over standard input, alone: its chain stands in the bundles of the others.
    let last = run_with_input(&["complete", &directory, "-", "--root", &root], issued[3].as_bytes());
    assert_eq!(last.status, 0, "{} {}", last.stdout, last.stderr);
    for name in names {
        let bundle = case.replacement(name).join("issued");
        let (cert, chain, full) =
            (bundle.join("cert.pem"), bundle.join("chain.pem"), bundle.join("fullchain.pem"));
        let text = |p: &Path| p.to_str().unwrap().to_owned();
        ran(
            "openssl",
            &["verify", "-x509_strict", "-CAfile", &root, "-untrusted", &text(&chain), &text(&cert)],
        );
        assert_eq!(
            fs::read_to_string(&full).unwrap(),
            fs::read_to_string(&cert).unwrap() + &fs::read_to_string(&chain).unwrap()
        );
        assert_eq!(fs::read_to_string(&chain).unwrap(), ca.middle_alone(), "the intermediate and no root");
        let public = |from: &[&str]| ran("openssl", from);
        let key = text(&case.replacement(name).join("key.pem"));
        assert_eq!(
            public(&["pkey", "-in", &key, "-pubout"]),
            public(&["x509", "-in", &text(&cert), "-noout", "-pubkey"])
        );
        let record: serde_json::Value =
            serde_json::from_slice(&fs::read(bundle.join("issued.json")).unwrap()).unwrap();
        assert_eq!(
            (record["schema"].as_str(), record["names"][0].as_str()),
            (Some("certrecall/issued/1"), Some(name))
        );
        assert_eq!(record["root"]["known"], "given");
    }
    // Nothing changes when it all comes again.
    let before = super::common::state(&case.folder.path().join("case/replacements"));
    let words = case.folder.text("case/plan.json");
    let again = run(&["complete", &directory, &folder, "--root", &root]);
    assert_eq!(again.status, 0, "{}", again.stdout);
    assert!(again.stderr.contains("0 accepted, 4 in place already, 0 missing"), "{}", again.stderr);
    assert_eq!(super::common::state(&case.folder.path().join("case/replacements")), before);
    assert_eq!(case.folder.text("case/plan.json"), words);
    assert_eq!(
        run(&["status", &directory]).stdout.matches("confirmed by certrecall complete").count(),
        4,
        "each is said once"
    );
}

impl OpensslCa {
    /// The intermediate as it is written, without what openssl puts before it.
    fn middle_alone(&self) -> String {
        ran("openssl", &["x509", "-in", &self.at("middle.pem")])
    }
}

#[test]
fn roots_and_intermediates_of_the_inventory_count() {
    let root = leaf("Inventory Root").authority().from("2015-01-01").to("2040-01-01").self_signed();
    let middle =
        leaf("Inventory Intermediate").authority().serial(3).from("2015-01-01").to("2039-01-01").by(&root);
    let case = Case { folder: Folder::new() };
    case.folder.write(
        "uploads/a.pem",
        super::common::pki::bundle(&leaf("a.example").by(&middle), &[&middle, &root]),
    );
    case.plan(&[]);
    let issued = super::fresh("a.example", &case.key("a.example")).by(&middle);
    let ran = case.complete(&issued.pem(), &[]);
    assert_eq!(ran.status, 0, "{} {}", ran.stdout, ran.stderr);
    let record = fs::read_to_string(case.replacement("a.example").join("issued/issued.json")).unwrap();
    assert!(record.contains("\"known\": \"inventory\""), "{record}");
    // Gone, they vouch for nothing; but the chain that was accepted is known.
    fs::remove_dir_all(case.folder.path().join("uploads")).unwrap();
    let renewed =
        super::fresh("a.example", &case.key("a.example")).serial(77).from(&super::day(0)).by(&middle);
    let ran = case.complete(&renewed.pem(), &[]);
    assert_eq!(ran.status, 3, "{}", ran.stdout);
    assert!(
        ran.stdout.contains("the certificate of CN=Inventory Root is missing above it"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("the one in place stays"), "{}", ran.stdout);
}

#[test]
fn what_else_comes_is_told() {
    let ca = private_ca();
    let case = Case::new(&ca, vec![leaf("a.example")], &[]);
    let key = case.key("a.example");
    let issued = super::fresh("a.example", &key).by(&ca);
    let stranger = super::fresh("who.example", &Key::new()).by(&ca);
    let unused = leaf("Unused CA").authority().self_signed();
    let text = issued.pem()
        + &stranger.pem()
        + &unused.pem()
        + &Key::new().pem()
        + "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    case.folder.write("root.pem", ca.pem());
    let root = case.folder.at("root.pem");
    let (status, told) = case.complete_json(&text, &["--root", &root]);
    assert_eq!(status, 3, "{told}");
    assert_eq!(told["replacements"][0]["state"], "accepted", "what is good is taken all the same");
    let strangers: Vec<_> = told["strangers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|s| (s["check"].as_str(), s["refused"].as_bool().unwrap()))
        .collect();
    assert_eq!(strangers, [(Some("unknown-key"), true), (None, false)]);
    let others: Vec<_> =
        told["others"].as_array().unwrap().iter().map(|o| o["what"].as_str().unwrap().to_owned()).collect();
    assert!(
        others.len() == 2 && others[0].starts_with("a private key") && others[1].starts_with("not read:"),
        "{others:?}"
    );
    // The old certificate itself, and a step that was decided against.
    let old = fs::read_to_string(case.folder.path().join("uploads/0.pem")).unwrap();
    let ran = case.complete(&old, &["--root", &root]);
    assert_eq!(ran.status, 3);
    assert!(ran.stdout.contains("this is one of the old certificates"), "{}", ran.stdout);
}

#[test]
fn a_damaged_case_is_not_the_fault_of_the_ca() {
    let ca = private_ca();
    for file in ["request.pem", "replacement.json"] {
        let case = Case::new(&ca, vec![leaf("a.example")], &[]);
        let issued = super::fresh("a.example", &case.key("a.example")).by(&ca).pem();
        fs::write(case.replacement("a.example").join(file), "gone").unwrap();
        let told = case.complete(&issued, &[]);
        assert_eq!(told.status, 3, "{file}: {}", told.stdout);
        assert!(
            told.stdout
                .contains("it answers a request of this case, which is damaged: replacements/a.example-"),
            "{file}: {}",
            told.stdout
        );
        assert!(
            told.stdout.contains("Nothing is wrong with the certificate")
                && !told.stdout.contains("Ask the CA"),
            "{file}: {}",
            told.stdout
        );
    }
}

#[test]
fn what_is_of_no_use_is_no_silence() {
    let ca = private_ca();
    let case = Case::new(&ca, vec![leaf("a.example")], &[]);
    let issued = super::fresh("a.example", &case.key("a.example")).by(&ca).pem();
    case.folder
        .write("root.pem", ca.pem())
        .write("garbage", "garbage")
        .write("key.pem", Key::new().pem())
        .write("empty", "");
    let (root, directory) = (case.folder.at("root.pem"), case.folder.at("case"));
    for (flag, file, says) in [
        ("--crl", "root.pem", "holds no revocation list"),
        ("--crl", "garbage", "holds no revocation list"),
        ("--root", "key.pem", "holds no certificate"),
        ("--chain", "garbage", "holds no certificate"),
        ("--chain", "empty", "holds no certificate"),
    ] {
        let wrong = case.complete(&issued, &["--root", &root, flag, &case.folder.at(file)]);
        assert_eq!(wrong.status, 2, "{flag} {file}: {}", wrong.stdout);
        assert!(
            wrong.stderr.contains(flag) && wrong.stderr.contains(says),
            "{flag} {file}: {}",
            wrong.stderr
        );
    }
    fs::create_dir(case.folder.path().join("none")).unwrap();
    for nothing in ["garbage", "empty", "none"] {
        case.folder.write("issued.pem", &issued);
        let told = run(&[
            "complete",
            &directory,
            &case.folder.at("issued.pem"),
            &case.folder.at(nothing),
            "--root",
            &root,
        ]);
        assert_eq!(told.status, 3, "{nothing}: {}", told.stdout);
        assert!(
            told.stdout.contains(&format!("{nothing}: not read: it holds no certificate")),
            "{nothing}: {}",
            told.stdout
        );
    }
}

#[test]
fn what_is_waived_is_kept_with_its_reason() {
    let ca = private_ca();
    let case = Case::new(&ca, vec![leaf("a.example").names(&["a.example", "b.example"])], &[]);
    let issued = super::fresh("a.example", &case.key("a.example")).by(&ca).pem();
    let refused = case.complete(&issued, &["--accept-unknown-root", "--reason", "ours"]);
    assert_eq!(refused.status, 3);
    assert!(
        refused.stdout.contains("Ask the CA to issue again with every name of the request"),
        "{}",
        refused.stdout
    );
    assert!(!case.replacement("a.example").join("issued").exists());
    let usage = case.complete(&issued, &["--accept-unknown-root", "--waive-name", "b.example"]);
    assert_eq!(usage.status, 2, "a reason is needed");
    for more in [&[][..], &["--reason", " "]] {
        assert_eq!(
            case.complete(&issued, &[&["--accept-unknown-root"], more].concat()).status,
            2,
            "here too"
        );
    }
    let taken = case.complete(
        &issued,
        &["--accept-unknown-root", "--waive-name", "b.example", "--reason", "b is switched off"],
    );
    assert_eq!(taken.status, 3, "the root did not come: {}", taken.stdout);
    let with_root = issued + &ca.pem();
    let taken = case.complete(
        &with_root,
        &["--accept-unknown-root", "--waive-name", "b.example", "--reason", "b is switched off"],
    );
    assert_eq!(taken.status, 0, "{}", taken.stdout);
    let record = fs::read_to_string(case.replacement("a.example").join("issued/issued.json")).unwrap();
    assert!(record.contains("b is switched off") && record.contains("\"severity\": \"waived\""), "{record}");
    let schema =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/schema/issued.schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&serde_json::from_str(&schema).unwrap()).unwrap();
    let wrong: Vec<_> =
        validator.iter_errors(&serde_json::from_str(&record).unwrap()).map(|e| e.to_string()).collect();
    assert!(wrong.is_empty(), "{wrong:?} {record}");
    let status = run(&["status", &case.folder.at("case")]);
    assert!(
        status.stdout.contains("accepted with waivers: missing-name, unknown-root: b is switched off"),
        "{}",
        status.stdout
    );
}
