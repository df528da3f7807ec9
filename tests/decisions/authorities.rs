//! Whose certificates they are, and what follows for the plan: groups by operator and key, clocks, commands,
//! CA keys, misuse, urgency.

use std::fs;

use crate::common::pki::{Cert, Key, bundle, chain, intermediate_of, leaf, named_ca, private_ca, public_ca};
use crate::common::{Folder, Ran, openssl, run};
use rcgen::ExtendedKeyUsagePurpose;
use serde_json::{Value, json};

/// The time of all these plans.
const NOW: &str = "2026-11-20T00:00:00Z";

struct Case {
    folder: Folder,
}

impl Case {
    fn new(files: &[(&str, String)]) -> Self {
        let folder = Folder::new();
        for (name, content) in files {
            folder.write(format!("uploads/{name}"), content);
        }
        Self { folder }
    }

    fn plan(&self, more: &[&str]) -> Value {
        let (uploads, case) = (self.folder.at("uploads"), self.folder.at("case"));
        let mut arguments = vec!["plan", &uploads, "-o", &case, "--uploaded", "2016-01-01", "--as-of", NOW];
        arguments.extend(more);
        let ran = run(&arguments);
        assert!(ran.status == 0 || ran.status == 1, "{}", ran.stderr);
        self.folder.json("case/plan.json")
    }

    fn mark(&self, step: &Value, status: &str) -> Ran {
        let ran = run(&[
            "mark",
            &self.folder.at("case"),
            step["id"].as_str().unwrap(),
            status,
            "--reason",
            "because",
            "--by",
            "Ada",
        ]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran
    }
}

fn steps<'a>(plan: &'a Value, kind: &str) -> Vec<&'a Value> {
    plan["steps"].as_array().unwrap().iter().filter(|s| s["kind"] == kind).collect()
}

fn step<'a>(plan: &'a Value, kind: &str, says: &str) -> &'a Value {
    let found: Vec<&Value> =
        steps(plan, kind).into_iter().filter(|s| s["message"].as_str().unwrap().contains(says)).collect();
    assert_eq!(found.len(), 1, "{kind} {says:?}: {:#?}", steps(plan, kind));
    found[0]
}

/// A server's certificate that a public CA may have issued not long ago.
fn recent(name: &str) -> crate::common::pki::Draft {
    leaf(name).from("2026-09-01").to("2027-03-01").purposes(&[ExtendedKeyUsagePurpose::ServerAuth])
}

fn issued<'a>(plan: &'a Value, certificate: &Cert) -> &'a Value {
    let sha256 = certificate.sha256().to_string();
    let all = plan["keys"].as_array().unwrap().iter().flat_map(|k| k["certificates"].as_array().unwrap());
    &all.into_iter().find(|c| c["sha256"] == sha256).unwrap()["issued"]
}

#[test]
fn certificates_of_one_operator_on_one_key_are_revoked_together() {
    let key = Key::new();
    let one = recent("a.example").key(&key).published_at("r10.c.lencr.org").by(&named_ca("R10"));
    let two = recent("b.example").key(&key).serial(2).published_at("e8.c.lencr.org").by(&named_ca("E8"));
    let other = recent("c.example")
        .key(&key)
        .serial(3)
        .published_at("crl3.digicert.com")
        .by(&named_ca("DigiCert TLS"));
    let case = Case::new(&[("a.pem", bundle(&one, &[&two, &other]))]);
    let plan = case.plan(&[]);
    let revoke = steps(&plan, "revoke");
    assert_eq!(revoke.len(), 2, "{revoke:#?}");
    let encrypt = step(&plan, "revoke", "have Let's Encrypt (ISRG) revoke");
    assert_eq!(
        (encrypt["authority"].as_str(), encrypt["certificates"].as_array().unwrap().len()),
        (Some("lets-encrypt"), 2)
    );
    assert_eq!(
        step(&plan, "revoke", "have DigiCert revoke")["certificates"],
        json!([other.sha256().to_string()])
    );
    // No proof leaves before all three are replaced and others were looked for.
    assert_eq!(encrypt["needs"].as_array().unwrap().len(), 4);
    let authority =
        plan["authorities"].as_array().unwrap().iter().find(|a| a["id"] == "lets-encrypt").unwrap();
    assert_eq!((&authority["confidence"], &authority["certificates"]), (&json!("host"), &json!(2)));
    let how = authority["how"].to_string();
    assert!(
        how.contains("https://acme-v02.api.letsencrypt.org/directory")
            && how.contains("RFC 8555 section 7.6")
            && how.contains("24 hours"),
        "{how}"
    );
    let text = case.folder.text("case/plan.md");
    assert!(text.contains("**Let's Encrypt (ISRG)**: 2 certificates to act on"), "{text}");
    assert!(
        step(&plan, "replace", "for a.example")["message"].as_str().unwrap().contains("at most 200 days"),
        "what today's rules allow"
    );
}

#[test]
fn an_issuer_counts_only_if_its_key_signed() {
    let root = named_ca("Some Public Root");
    let intermediate = intermediate_of(&root);
    let real = recent("real.example").by(&intermediate);
    // Another key under the same name.
    let impostor = intermediate_of(&root);
    let forged = recent("forged.example").serial(9).by(&impostor);
    let case = Case::new(&[("a.pem", bundle(&real, &[&intermediate])), ("b.pem", bundle(&forged, &[]))]);
    case.folder.write("roots.pem", chain(&[&root]));
    let plan = case.plan(&["--roots", &case.folder.at("roots.pem")]);
    assert_eq!(issued(&plan, &real)["reach"], "public");
    assert_eq!(issued(&plan, &forged)["reach"], "unknown", "{}", issued(&plan, &forged));
    let plan = Case::new(&[("a.pem", bundle(&real, &[&intermediate]))]).plan(&[]);
    assert_eq!(issued(&plan, &real)["reach"], "unknown", "without the root nobody knows");
}

#[test]
fn ccadb_tells_the_operator_by_the_certificate_of_the_issuer() {
    let intermediate = intermediate_of(&named_ca("Some Public Root"));
    let leaf = recent("a.example").by(&intermediate);
    let case = Case::new(&[("a.pem", bundle(&leaf, &[&intermediate]))]);
    let rows = format!(
        "CA Owner,Subordinate CA Owner,SHA-256 Fingerprint\nSectigo,,{}\nno owner,,zz\n",
        intermediate.sha256().to_string().to_uppercase()
    );
    case.folder.write("ccadb.csv", rows);
    let plan = case.plan(&["--ccadb", &case.folder.at("ccadb.csv")]);
    assert_eq!(issued(&plan, &leaf)["authority"], "sectigo");
    assert_eq!(
        (&issued(&plan, &leaf)["confidence"], &issued(&plan, &leaf)["reach"]),
        (&json!("key"), &json!("public"))
    );
    let refused = run(&[
        "plan",
        &case.folder.at("uploads"),
        "-o",
        &case.folder.at("other"),
        "--ccadb",
        &case.folder.at("uploads/a.pem"),
    ]);
    assert_eq!(refused.status, 2);
    assert!(refused.stderr.contains("AllCertificateRecordsCSVFormatV5"), "{}", refused.stderr);
}

#[test]
fn a_private_ca_has_its_commands_and_no_clock_of_public_ones() {
    let ca = private_ca();
    let leaf = recent("it's.example").serial(0xab).by(&ca);
    let case = Case::new(&[("it's here.pem", bundle(&leaf, &[]))]);
    let cas = "[[operator]]\nid = \"ours\"\nname = \"Our CA\"\nissuers = [\"CN=Example Private CA\"]\nkind = \"openssl\"\n[operator.parameters]\nconfig = \"/etc/our ca.cnf\"\n";
    case.folder.write("cas.toml", cas);
    let plan = case.plan(&["--cas", &case.folder.at("cas.toml")]);
    let revoke = step(&plan, "revoke", "have Our CA revoke serial ab");
    // A file of its own: an upload can hold several certificates, and openssl takes the first.
    let file = format!("{}/case/certificates/{}.pem", case.folder.path().to_str().unwrap(), leaf.sha256());
    assert_eq!(fs::read_to_string(&file).unwrap(), leaf.pem());
    let first = json!([
        "openssl",
        "ca",
        "-config",
        "/etc/our ca.cnf",
        "-revoke",
        file,
        "-crl_reason",
        "keyCompromise"
    ]);
    assert_eq!(revoke["commands"][0], first);
    assert_eq!(revoke["commands"][1][3], "/etc/our ca.cnf");
    let text = case.folder.text("case/plan.md");
    assert!(text.contains("openssl ca -config '/etc/our ca.cnf' -revoke "), "{text}");
    assert!(steps(&plan, "verify").iter().all(|s| s.get("clock").is_none()));
    // What is wrong with the file is said with its line.
    case.folder.write(
        "cas.toml",
        "[[operator]]\nid = \"ours\"\nname = \"x\"\nkind = \"oven\"\nhosts = [\"ca.example\"]\n",
    );
    let wrong = run(&[
        "plan",
        &case.folder.at("uploads"),
        "-o",
        &case.folder.at("case"),
        "--cas",
        &case.folder.at("cas.toml"),
    ]);
    assert_eq!(wrong.status, 2);
    assert!(
        wrong.stderr.contains("cas.toml:")
            && wrong.stderr.contains("oven")
            && wrong.stderr.contains("step-ca"),
        "{}",
        wrong.stderr
    );
}

#[test]
fn the_key_of_a_ca_leads_to_a_new_ca_and_an_end_of_trust() {
    let root = named_ca("Our Root");
    let intermediate = intermediate_of(&root);
    let below = recent("below.example").by(&intermediate);
    let case = Case::new(&[("ca.pem", bundle(&intermediate, &[&root])), ("below.pem", below.pem())]);
    let plan = case.plan(&[]);
    let decide = step(&plan, "decide", "Example Intermediate is exposed");
    let trust = step(&plan, "deploy", "distribute the new CA certificate");
    assert_eq!(trust["needs"], json!([decide["id"]]));
    let revoke = step(&plan, "revoke", "have CN=Our Root revoke serial 03");
    let needs: Vec<&str> = revoke["needs"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let deploy = step(&plan, "deploy", "for below.example");
    for first in [decide, trust, deploy] {
        assert!(needs.contains(&first["id"].as_str().unwrap()), "{first}");
    }
    let verify = steps(&plan, "verify").into_iter().find(|s| s["needs"] == json!([revoke["id"]])).unwrap();
    assert_eq!(verify["clock"]["hours"], 168, "{verify}");
    case.mark(revoke, "waived");
    // A root cannot be revoked: nobody but itself could.
    let case = Case::new(&[("root.pem", bundle(&root, &[]))]);
    let plan = case.plan(&[]);
    assert!(steps(&plan, "revoke").is_empty());
    let distrust = step(&plan, "verify", "is trusted nowhere any more");
    assert_eq!(distrust["needs"].as_array().unwrap().len(), 3, "the search, the decision, the new trust");
}

#[test]
fn no_ca_of_several_that_are_exposed_is_revoked_before_what_hangs_below_all_of_them_is_replaced() {
    // Which hash comes first must not matter.
    for _ in 0..8 {
        let root = named_ca("Our Root");
        let middle = intermediate_of(&root);
        let lower = leaf("Lower").authority().serial(9).by(&middle);
        let leaf = recent("below.example").by(&lower);
        let all = [
            ("root.pem", bundle(&root, &[])),
            ("middle.pem", bundle(&middle, &[])),
            ("lower.pem", bundle(&lower, &[])),
            ("leaf.pem", leaf.pem()),
        ];
        let plan = Case::new(&all).plan(&[]);
        let certificates =
            || plan["keys"].as_array().unwrap().iter().flat_map(|k| k["certificates"].as_array().unwrap());
        for (below, above) in [(&leaf, &lower), (&lower, &middle), (&middle, &root)] {
            let record = certificates().find(|c| c["sha256"] == below.sha256().to_string()).unwrap();
            assert_eq!(record["because"][0]["source"], above.sha256().to_string(), "the nearest");
        }
        let deploy = &step(&plan, "deploy", "for below.example")["id"];
        let gates = [
            step(&plan, "revoke", "revoke serial 03"),
            step(&plan, "revoke", "revoke serial 09"),
            step(&plan, "verify", "CN=Our Root is trusted nowhere any more"),
        ];
        for gate in gates {
            assert!(gate["needs"].as_array().unwrap().contains(deploy), "{gate:#}");
        }
    }
}

#[test]
fn a_key_of_ca_and_server_at_one_operator_is_one_group() {
    let top = named_ca("Top");
    let sub = intermediate_of(&top);
    let below = recent("below.example").serial(8).by(&sub);
    let lower = leaf("Lower").authority().serial(9).by(&sub);
    let server = recent("server.example").key(&sub.key).serial(7).by(&top);
    let case = Case::new(&[("a.pem", format!("{}{}", bundle(&sub, &[&server]), chain(&[&lower, &below])))]);
    let plan = case.plan(&[]);
    let revoke = steps(&plan, "revoke");
    assert_eq!(revoke.len(), 1, "proof of the key revokes both: {revoke:#?}");
    let needs: Vec<&str> =
        revoke[0]["needs"].as_array().unwrap().iter().map(|n| n.as_str().unwrap()).collect();
    let trust = step(&plan, "deploy", "distribute the new CA certificate");
    for first in [
        step(&plan, "search", &sub.key.spki().to_string()),
        step(&plan, "deploy", "for server.example"),
        step(&plan, "deploy", "for below.example"),
        step(&plan, "decide", "the CA CN=Lower"),
        trust,
    ] {
        assert!(needs.contains(&first["id"].as_str().unwrap()), "{first} in {needs:?}");
    }
    assert_eq!(
        steps(&plan, "verify").iter().find(|s| s["needs"][0] == revoke[0]["id"]).unwrap()["clock"]["hours"],
        24,
        "the shorter of the two"
    );
}

#[test]
fn what_is_private_by_its_dates_is_not_asked_of_the_public_ca_it_names() {
    let proxy = leaf("intranet.example")
        .from("2020-01-01")
        .to("2031-01-01")
        .published_at("crl3.digicert.com")
        .by(&named_ca("Proxy"));
    let plan = Case::new(&[("a.pem", bundle(&proxy, &[]))]).plan(&[]);
    let says = issued(&plan, &proxy);
    assert_eq!(
        (&says["reach"], &says["authority"], &says["confidence"]),
        (&json!("private"), &json!("CN=Proxy"), &json!("unknown"))
    );
    assert!(!plan["authorities"].to_string().contains("digicert.com"), "{}", plan["authorities"]);
    assert!(
        step(&plan, "revoke", "have CN=Proxy revoke")["message"]
            .as_str()
            .unwrap()
            .contains("A private CA revokes what is named")
    );
}

#[test]
fn a_ca_of_ones_own_is_private_unless_it_says_otherwise() {
    let leaf = recent("a.example").by(&private_ca());
    let case = Case::new(&[("a.pem", bundle(&leaf, &[]))]);
    for (more, reach) in [
        ("", "private"),
        ("kind = \"other\"\n", "private"),
        ("public = true\nhosts = [\"x.example\"]\n", "unknown"),
    ] {
        case.folder.write("cas.toml", format!("[[operator]]\nid = \"ours\"\nname = \"Our CA\"\nissuers = [\"CN=Example Private CA\"]\n{more}"));
        let plan = case.plan(&["--cas", &case.folder.at("cas.toml")]);
        assert_eq!(
            (&issued(&plan, &leaf)["authority"], &issued(&plan, &leaf)["reach"]),
            (&json!("ours"), &json!(reach)),
            "{more}"
        );
        assert_eq!(steps(&plan, "verify").iter().any(|s| s.get("clock").is_some()), reach != "private");
    }
}

#[test]
fn an_entry_for_a_ca_matches_in_any_order_or_is_a_finding() {
    let certificate =
        recent("a.example").by(&leaf("Our CA").organisation("Example, Inc.").authority().self_signed());
    let case = Case::new(&[("a.pem", bundle(&certificate, &[]))]);
    let entry = |id: &str, fields: &str| format!("[[operator]]\nid = \"{id}\"\nname = \"{id}\"\n{fields}\n");
    let with = |text: &str| {
        case.folder.write("cas.toml", text);
        let plan = case.plan(&["--cas", &case.folder.at("cas.toml")]);
        let unmatched =
            plan["findings"].as_array().unwrap().iter().filter(|f| f["code"] == "ca-entry-unmatched");
        let of: Vec<(String, String)> = unmatched
            .map(|f| (f["place"].as_str().unwrap().to_owned(), f["message"].as_str().unwrap().to_owned()))
            .collect();
        (issued(&plan, &certificate)["authority"].clone(), of)
    };
    let place = |line: u32| format!("{}:{line}", case.folder.at("cas.toml"));
    for name in [
        "CN=Our CA,O=Example\\\\, Inc.",
        "O=Example\\\\, Inc.,CN=Our CA",
        "/O=Example, Inc./CN=our ca",
        "O = \\\"Example, Inc.\\\", CN = Our CA",
    ] {
        let (authority, unmatched) = with(&entry("ours", &format!("issuers = [\"{name}\"]")));
        assert_eq!((authority, unmatched), (json!("ours"), vec![]), "{name}");
    }
    // A slip in one entry; the others match by an organization, and by a key.
    let key = format!("keys = [\"{}\"]", certificate.key.spki());
    let text = [
        entry("slip", "issuers = [\"CN=Our CA\"]\nhosts = [\"ca.example\"]"),
        entry("org", "organizations = [\"Example, Inc.\"]"),
        entry("key", &key),
    ]
    .concat();
    let (_, unmatched) = with(&text);
    let [(at, says)] = unmatched.as_slice() else { panic!("{unmatched:?}") };
    assert_eq!(*at, place(1));
    assert!(says.contains("the entry \"slip\"") && says.contains("by its issuers, hosts"), "{says}");
    let ran = run(&[
        "plan",
        &case.folder.at("uploads"),
        "-o",
        &case.folder.at("case"),
        "--cas",
        &case.folder.at("cas.toml"),
    ]);
    assert!(ran.stderr.contains("cas.toml:1: the entry \"slip\""), "{}", ran.stderr);
}

#[test]
fn replacements_are_not_asked_of_a_ca_that_is_closed_or_exposed() {
    let closed = recent("old.example").published_at("crl.buypass.no").by(&named_ca("Buypass Class 2"));
    let exposed = intermediate_of(&named_ca("Our Root"));
    let key = Key::new();
    let sound = recent("both.example")
        .key(&key)
        .serial(4)
        .from("2026-08-01")
        .to("2027-01-01")
        .by(&named_ca("Sound CA"));
    let newest = recent("both.example").key(&key).serial(5).by(&exposed);
    let case = Case::new(&[
        ("closed.pem", bundle(&closed, &[])),
        ("ca.pem", bundle(&exposed, &[])),
        ("both.pem", bundle(&sound, &[&newest])),
    ]);
    let plan = case.plan(&[]);
    let says = step(&plan, "replace", "for old.example")["message"].as_str().unwrap();
    assert!(
        says.contains("by another CA than Buypass (closed) (it issues no more since 2025-10-31"),
        "{says}"
    );
    let replace = step(&plan, "replace", "for both.example");
    assert_eq!(replace["authority"], "CN=Sound CA", "{replace}");
    assert!(replace["message"].as_str().unwrap().contains("2 certificates, the newest of CN=Sound CA"));
    assert!(issued(&plan, &newest)["authority"].is_null(), "nobody asks the exposed CA");
}

#[test]
fn a_suspicion_that_is_cleared_leaves_nothing_to_revoke() {
    let leaf = recent("a.example").by(&public_ca());
    let case = Case::new(&[("a.pem", leaf.pem())]);
    let plan = case.plan(&[]);
    let decide = step(&plan, "decide", "presumed to have come along");
    case.mark(steps(&plan, "deploy")[0], "deployed");
    case.mark(steps(&plan, "search")[0], "searched");
    let status = || steps(&case.folder.json("case/plan.json"), "revoke")[0]["status"].clone();
    case.mark(decide, "waived");
    assert_eq!(status(), "waiting", "nobody decided");
    case.mark(decide, "cleared");
    assert_eq!(status(), "waived");
    case.mark(decide, "confirmed");
    assert_eq!(status(), "ready");
}

#[test]
fn one_file_of_thousands_is_read_once() {
    let ca = public_ca();
    let one = recent("a.example").by(&ca);
    let mut text = one.key.pem();
    for n in 0..=255u8 {
        text.push_str(&recent(&format!("h{n}.example")).key(&one.key).serial(n).by(&ca).pem());
    }
    text.push_str(&ca.pem());
    let case = Case::new(&[("all.pem", text)]);
    case.folder.write("roots.pem", ca.pem());
    let plan = case.plan(&["--roots", &case.folder.at("roots.pem")]);
    let certificates =
        plan["keys"].as_array().unwrap().iter().flat_map(|k| k["certificates"].as_array().unwrap());
    assert_eq!(certificates.filter(|c| c["issued"]["reach"] == "public").count(), 256);
}

#[test]
fn serial_numbers_of_two_issuers_are_told_apart() {
    let (one, two) = (named_ca("Issuer One"), named_ca("Issuer Two"));
    let first = recent("a.example").serial(5).published_at("r10.c.lencr.org").by(&one);
    let second = recent("b.example").key(&first.key).serial(5).published_at("r11.c.lencr.org").by(&two);
    let says = |certificates: &[&Cert]| {
        let case = Case::new(&[("a.pem", bundle(certificates[0], &certificates[1..]))]);
        steps(&case.plan(&[]), "revoke")[0]["message"].as_str().unwrap().to_owned()
    };
    assert!(says(&[&first]).contains("revoke serial 05 for"), "{}", says(&[&first]));
    let both = says(&[&first, &second]);
    assert!(both.contains("05 of CN=Issuer One") && both.contains("05 of CN=Issuer Two"), "{both}");
}

#[test]
fn revoking_first_is_offered_where_misuse_is_seen_and_decided_by_a_person() {
    let leaf = recent("a.example").published_at("r10.c.lencr.org").by(&public_ca());
    let case = Case::new(&[("a.pem", bundle(&leaf, &[]))]);
    let calm = case.plan(&[]);
    assert!(steps(&calm, "decide").is_empty());
    let plan = case.plan(&["--misuse", &format!("{}=a host in another country serves it", leaf.key.spki())]);
    let key = &plan["keys"][0];
    assert_eq!((&key["exposure"], &key["because"][0]["evidence"]), (&json!("exposed"), &json!("misuse")));
    assert!(key["because"][0]["message"].as_str().unwrap().contains("a host in another country serves it"));
    let decide = step(&plan, "decide", "being misused");
    assert_eq!(steps(&plan, "revoke")[0]["or_after"], decide["id"]);
    let waits = |plan: &Value| {
        steps(plan, "revoke")[0]["message"]
            .as_str()
            .unwrap()
            .ends_with("so only after each replacement is in place")
    };
    assert!(waits(&calm) && !waits(&plan), "{}", steps(&plan, "revoke")[0]["message"]);
    assert_eq!(steps(&plan, "revoke")[0]["status"], "waiting");
    case.mark(decide, "confirmed");
    assert_eq!(steps(&case.folder.json("case/plan.json"), "revoke")[0]["status"], "ready");
    // The case remembers what was seen.
    let again = case.plan(&[]);
    assert_eq!(steps(&again, "revoke")[0]["status"], "ready");
    assert_eq!(steps(&again, "revoke")[0]["id"], steps(&calm, "revoke")[0]["id"]);
}

#[test]
fn a_ca_that_becomes_known_is_not_asked_twice() {
    let intermediate = intermediate_of(&named_ca("Some Public Root"));
    let leaf = recent("a.example").by(&intermediate);
    let case = Case::new(&[("a.pem", bundle(&leaf, &[&intermediate]))]);
    let unknown = case.plan(&[]);
    case.mark(steps(&unknown, "deploy")[0], "deployed");
    case.mark(steps(&unknown, "search")[0], "searched");
    case.mark(steps(&unknown, "revoke")[0], "sent");
    case.folder
        .write("ccadb.csv", format!("CA Owner,SHA-256 Fingerprint\nSectigo,{}\n", intermediate.sha256()));
    let known = case.plan(&["--ccadb", &case.folder.at("ccadb.csv")]);
    let revoke = step(&known, "revoke", "have Sectigo revoke");
    assert_ne!(revoke["id"], steps(&unknown, "revoke")[0]["id"]);
    assert_eq!(revoke["status"], "done");
    let verify = steps(&known, "verify")[0];
    assert!(verify["deadline"].is_string() && verify["status"] == "ready", "{verify}");
}

#[test]
fn keys_are_ordered_by_a_risk_that_explains_itself() {
    let ca = public_ca();
    let small = recent("small.example").by(&ca);
    let wide = recent("wide.example").names(&["*.wide.example", "wide.example"]).by(&ca);
    let code = leaf("code")
        .from("2026-09-01")
        .to("2027-09-01")
        .purposes(&[ExtendedKeyUsagePurpose::CodeSigning])
        .by(&ca);
    let expired = leaf("old.example").from("2015-01-01").to("2016-12-01").by(&ca);
    let root = named_ca("Our Root");
    let certificates = [
        ("small.pem", &small),
        ("wide.pem", &wide),
        ("code.pem", &code),
        ("expired.pem", &expired),
        ("root.pem", &root),
    ];
    let case = Case::new(&certificates.map(|(name, c)| (name, bundle(c, &[]))));
    let plan = case.plan(&["--misuse", &format!("{}=seen", small.key.spki())]);
    let score =
        |c: &Cert| crate::common::key(&plan, &c.key.spki().to_string())["risk"]["score"].as_u64().unwrap();
    let scores = [&small, &root, &code, &wide, &expired].map(score);
    assert!(scores.is_sorted_by(|a, b| a > b), "{scores:?}");
    let risk = &crate::common::key(&plan, &wide.key.spki().to_string())["risk"];
    let parts = risk["because"].as_array().unwrap();
    assert_eq!(
        parts.iter().map(|p| p["points"].as_u64().unwrap()).sum::<u64>(),
        risk["score"].as_u64().unwrap()
    );
    assert!(risk.to_string().contains("wildcard"), "{risk}");
    let order: Vec<&Value> = steps(&plan, "search").iter().map(|s| &s["spki_sha256"]).collect();
    let wanted: Vec<Value> =
        [&small, &root, &code, &wide, &expired].iter().map(|c| json!(c.key.spki().to_string())).collect();
    assert_eq!(order, wanted.iter().collect::<Vec<_>>());
}

#[test]
fn the_key_of_an_expired_ca_is_urgent_while_it_voids_what_is_live() {
    let expired = |name: &str| leaf(name).authority().from("2010-01-01").to("2020-01-01").self_signed();
    let (voiding, idle) = (expired("Voiding"), expired("Idle"));
    let below = leaf("below.example").from("2026-09-01").to("2027-03-01").by(&voiding);
    let old = leaf("old.example").from("2015-01-01").to("2016-12-01").serial(2).by(&idle);
    let wide = recent("wide.example").names(&["*.wide.example", "wide.example"]).by(&public_ca());
    let files = [
        ("v.pem", bundle(&voiding, &[])),
        ("i.pem", bundle(&idle, &[])),
        ("b.pem", chain(&[&below, &old])),
        ("w.pem", bundle(&wide, &[])),
    ];
    let plan = Case::new(&files).plan(&[]);
    assert_eq!(
        crate::common::key(&plan, &below.key.spki().to_string())["certificates"][0]["verdict"],
        "reissue"
    );
    let risk = |c: &Cert| crate::common::key(&plan, &c.key.spki().to_string())["risk"].clone();
    assert_eq!(risk(&voiding)["because"][0]["points"], 5_000, "{}", risk(&voiding));
    assert!(!risk(&idle).to_string().contains("key of a CA"), "{}", risk(&idle));
    assert_eq!(plan["steps"][0]["spki_sha256"], voiding.key.spki().to_string(), "it comes first");
    let decide = step(&plan, "decide", "Voiding is exposed");
    assert!(step(&plan, "replace", "for below.example")["needs"].as_array().unwrap().contains(&decide["id"]));
}

#[test]
fn what_to_do_differs_by_what_a_certificate_is_for() {
    let ca = public_ca();
    let mail = leaf("Ada")
        .names(&[])
        .from("2026-01-01")
        .to("2027-01-01")
        .purposes(&[ExtendedKeyUsagePurpose::EmailProtection])
        .by(&ca);
    let client = leaf("robot")
        .names(&[])
        .from("2026-01-01")
        .to("2027-01-01")
        .purposes(&[ExtendedKeyUsagePurpose::ClientAuth])
        .by(&ca);
    let signer = leaf("Signer")
        .names(&[])
        .from("2015-01-01")
        .to("2017-01-01")
        .purposes(&[ExtendedKeyUsagePurpose::CodeSigning])
        .by(&ca);
    let brief = leaf("brief.example").from("2026-11-18").to("2026-11-24").by(&ca);
    let all = [("mail.pem", &mail), ("client.pem", &client), ("signer.pem", &signer), ("brief.pem", &brief)];
    let case = Case::new(&all.map(|(name, c)| (name, bundle(c, &[]))));
    let plan = case.plan(&[]);
    assert!(step(&plan, "deploy", "for Ada")["message"].as_str().unwrap().contains("read old mail"));
    assert!(step(&plan, "retire", "mail.pem")["message"].as_str().unwrap().contains("keep one copy offline"));
    assert!(step(&plan, "deploy", "for robot")["message"].as_str().unwrap().contains("list of clients"));
    step(&plan, "decide", "signatures with a timestamp outlive it");
    step(&plan, "revoke", "short-lived");
    let sorts: Vec<&Value> =
        plan["keys"].as_array().unwrap().iter().map(|k| &k["certificates"][0]["sort"]).collect();
    for sort in ["smime", "tls-client", "code-signing", "tls-server"] {
        assert!(sorts.contains(&&json!(sort)), "{sort}");
    }
}

#[test]
fn dates_that_no_public_ca_gives_make_it_private() {
    let long = leaf("long.example")
        .from("2026-04-01")
        .to("2027-04-01")
        .purposes(&[ExtendedKeyUsagePurpose::ServerAuth])
        .by(&public_ca());
    let plan = Case::new(&[("a.pem", bundle(&long, &[]))]).plan(&[]);
    let says = issued(&plan, &long);
    assert_eq!(says["reach"], "private");
    assert!(says["because"].as_str().unwrap().contains("at most 200 days"), "{says}");
}

#[test]
fn the_owner_has_a_target_and_the_ca_a_clock() {
    let leaf = recent("a.example").published_at("r10.c.lencr.org").by(&public_ca());
    let case = Case::new(&[("a.pem", bundle(&leaf, &[]))]);
    let plan = case.plan(&["--due", "2026-11-30"]);
    for kind in ["replace", "deploy", "search", "revoke"] {
        let step = steps(&plan, kind)[0];
        assert_eq!(
            (&step["deadline"], &step["deadline_source"]),
            (&json!("2026-11-30T00:00:00Z"), &json!("the owner's own target"))
        );
    }
    assert!(case.folder.text("case/plan.md").contains("*Due 2026-11-30T00:00:00Z: the owner's own target.*"));
    case.mark(steps(&plan, "deploy")[0], "deployed");
    case.mark(steps(&plan, "search")[0], "searched");
    let ran = run(&[
        "mark",
        &case.folder.at("case"),
        steps(&plan, "revoke")[0]["id"].as_str().unwrap(),
        "sent",
        "--reason",
        "x",
        "--at",
        "2026-11-20T10:00:00Z",
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let verify = case.folder.json("case/plan.json");
    let verify = steps(&verify, "verify")[0];
    assert_eq!(verify["deadline"], "2026-11-21T10:00:00Z");
    assert!(
        verify["deadline_source"]
            .as_str()
            .unwrap()
            .starts_with("24 hours from the evidence of key compromise (CA/B Forum TLS BR"),
        "{verify}"
    );
}

#[test]
fn commands_of_the_plan_revoke_at_a_real_ca() {
    let folder = Folder::new();
    let (ca, at) = (private_ca(), |name: &str| folder.at(name));
    let leaf = recent("a.example").serial(0x2b).by(&ca);
    folder.write("uploads/a.pem", bundle(&leaf, &[]));
    folder
        .write("ca.pem", ca.pem())
        .write("ca.key", ca.key.pem())
        .write("index.txt", "")
        .write("crlnumber", "01\n");
    let config = format!(
        "[ca]\ndefault_ca=d\n[d]\ndatabase={}\ncrlnumber={}\ncertificate={}\nprivate_key={}\ndefault_md=sha256\ndefault_crl_days=7\n",
        at("index.txt"),
        at("crlnumber"),
        at("ca.pem"),
        at("ca.key")
    );
    folder.write("ca.cnf", config);
    let cas = format!(
        "[[operator]]\nid=\"ours\"\nname=\"Our CA\"\nissuers=[\"CN=Example Private CA\"]\nkind=\"openssl\"\n[operator.parameters]\nconfig={:?}\ncrl={:?}\n",
        at("ca.cnf"),
        at("ca.crl")
    );
    folder.write("cas.toml", cas);
    let (uploads, output, file) = (at("uploads"), at("case"), at("cas.toml"));
    run(&["plan", &uploads, "-o", &output, "--uploaded", "2016-01-01", "--as-of", NOW, "--cas", &file]);
    let plan = folder.json("case/plan.json");
    for command in steps(&plan, "revoke")[0]["commands"].as_array().unwrap() {
        let words: Vec<&str> = command.as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
        assert_eq!(words[0], "openssl");
        openssl(&words[1..], b"").unwrap();
    }
    let list =
        String::from_utf8(openssl(&["crl", "-in", &at("ca.crl"), "-noout", "-text"], b"").unwrap()).unwrap();
    assert!(list.contains("Serial Number: 2B") && list.contains("Key Compromise"), "{list}");
}
