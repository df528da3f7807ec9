//! Three incidents from the first run to the last step, repeated at every stage by a bare `-o CASE`: the same
//! verdicts, the same steps, and exit status 0 at the end.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Value, json};

use crate::common::pki::{Cert, Key, bundle, leaf, named_ca, private_ca, public_ca, self_signed};
use crate::common::{Folder, Ran, run, run_with_input};

struct Walk {
    folder: Folder,
    /// `run` or `plan`.
    command: &'static str,
}

impl Walk {
    fn case(&self) -> String {
        self.folder.at("case")
    }

    fn plan(&self) -> Value {
        self.folder.json("case/plan.json")
    }

    fn steps(&self) -> Vec<Value> {
        self.plan()["steps"].as_array().unwrap().clone()
    }

    /// What a repetition must not change: keys with their verdicts, and steps, but for their statuses.
    fn judged(&self) -> (Vec<Value>, Vec<Value>) {
        let plan = self.plan();
        let verdicts = |k: &Value| {
            k["certificates"]
                .as_array()
                .unwrap()
                .iter()
                .map(|c| (c["sha256"].clone(), c["verdict"].clone()))
                .collect::<Vec<_>>()
        };
        let keys = plan["keys"]
            .as_array()
            .unwrap()
            .iter()
            .map(|k| json!([k["spki_sha256"], k["exposure"], verdicts(k), k["steps"]]))
            .collect();
        let steps = plan["steps"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| json!([s["id"], s["needs"], s["certificates"]]))
            .collect();
        (keys, steps)
    }

    /// The same command without anything but the case: nothing may change, and `status` agrees.
    fn again(&self, stage: &str) -> Ran {
        let (before, statuses) = (self.judged(), self.statuses());
        let ran = run(&[self.command, "-o", &self.case()]);
        assert!(
            !ran.stderr.contains("changed since") && !ran.stderr.contains("the plan changed"),
            "{stage}: {}",
            ran.stderr
        );
        assert_eq!(self.judged(), before, "{stage}");
        assert_eq!(self.statuses(), statuses, "{stage}");
        assert_eq!(run(&["status", &self.case()]).status, ran.status, "{stage}: status agrees");
        ran
    }

    fn statuses(&self) -> BTreeMap<String, String> {
        self.steps()
            .iter()
            .map(|s| (s["id"].as_str().unwrap().to_owned(), s["status"].as_str().unwrap().to_owned()))
            .collect()
    }

    /// Marks every ready step of these kinds.
    fn mark(&self, kind: &str, status: &str) -> usize {
        let ready: Vec<Value> =
            self.steps().into_iter().filter(|s| s["kind"] == kind && s["status"] == "ready").collect();
        if ready.is_empty() {
            return 0;
        }
        let list: String = ready.iter().map(|s| format!("{}\n", s["id"].as_str().unwrap())).collect();
        let ran = run_with_input(
            &["mark", &self.case(), "@-", status, "--reason", "done", "--by", "Ada"],
            list.as_bytes(),
        );
        assert_eq!(ran.status, 0, "{kind}: {}", ran.stderr);
        ready.len()
    }

    /// Does whatever is ready, kind by kind, until nothing is left to do.
    fn to_the_end(&self) -> Ran {
        const MARKS: &[(&str, &str)] = &[
            ("inspect", "confirmed"),
            ("decide", "confirmed"),
            ("replace", "confirmed"),
            ("deploy", "deployed"),
            ("search", "searched"),
            ("revoke", "sent"),
            ("verify", "confirmed"),
            ("retire", "confirmed"),
        ];
        for round in 0..6 {
            let mut any = false;
            for (kind, status) in MARKS {
                if self.mark(kind, status) > 0 {
                    any = true;
                    // A decision about a key is judged by the next plan.
                    if *kind == "decide" {
                        run(&[self.command, "-o", &self.case()]);
                    }
                    self.again(&format!("round {round}, {kind}"));
                }
            }
            if !any {
                break;
            }
        }
        let ran = self.again("the end");
        let open: Vec<Value> =
            self.steps().into_iter().filter(|s| s["status"] != "done" && s["status"] != "waived").collect();
        assert!(open.is_empty(), "{open:#?}");
        ran
    }
}

fn issue(walk: &Walk, ca: &Cert, into: &str) -> usize {
    let mut n = 0;
    for entry in fs::read_dir(walk.folder.path().join("case/replacements")).unwrap() {
        let directory = entry.unwrap().path();
        let record: Value =
            serde_json::from_slice(&fs::read(directory.join("replacement.json")).unwrap()).unwrap();
        let key = Key::from_pem(&fs::read_to_string(directory.join("key.pem")).unwrap());
        let names: Vec<String> =
            record["names"].as_array().unwrap().iter().map(|n| n.as_str().unwrap().to_owned()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let new = leaf(names[0])
            .key(&key)
            .names(&names)
            .serial(n as u8 + 1)
            .from("2026-11-01")
            .to("2027-02-01")
            .by(ca);
        walk.folder.write(format!("{into}/{n}.pem"), new.pem());
        n += 1;
    }
    n
}

/// Twelve bundles that were uploaded to the vendor, and no manifest: two are still valid.
#[test]
fn a_customer_with_twelve_bundles_and_no_manifest() {
    let folder = Folder::new();
    let (public, private) = (public_ca(), private_ca());
    for n in 0..9 {
        let old = leaf(&format!("old{n}.customer.example"))
            .serial(n)
            .from("2014-01-01")
            .to("2016-12-31")
            .by(&public);
        folder.write_changed(format!("uploads/old{n}.pem"), bundle(&old, &[&public]), "2015-03-01T00:00:00Z");
    }
    let long = leaf("long.customer.example").serial(20).from("2015-01-01").to("2040-01-01").by(&private);
    folder.write_changed("uploads/long.pem", bundle(&long, &[&private]), "2015-03-01T00:00:00Z");
    folder.write_changed(
        "uploads/self.pem",
        bundle(&self_signed("self.customer.example"), &[]),
        "2015-03-01T00:00:00Z",
    );
    let new = leaf("new.customer.example").serial(21).from("2025-01-01").to("2027-01-01").by(&public);
    folder.write("uploads/new.pem", bundle(&new, &[&public]));
    let walk = Walk { folder, command: "run" };
    let first = run(&["run", &walk.folder.at("uploads"), "-o", &walk.case()]);
    assert_eq!(first.status, 1, "{}", first.stdout);
    assert!(
        first.stdout.starts_with("Incident zendesk-2016, the default: --incident NAME|FILE chooses another"),
        "{}",
        first.stdout
    );
    assert!(
        first.stdout.contains("Act on these: 2 certificates")
            && first.stdout.contains("have 2 certificates issued from the requests"),
        "{}",
        first.stdout
    );
    walk.again("the first run");
    let end = walk.to_the_end();
    assert_eq!(end.status, 0, "{}", end.stdout);
    assert!(end.stdout.contains("Done: 2 certificates") && !end.stdout.contains("Next"), "{}", end.stdout);
    assert!(!end.stdout.contains("is still valid"), "{}", end.stdout);
}

/// A vendor's responder: 2,000 bundles of 500 accounts and a table that Excel wrote. They plan, and generate
/// no keys for others.
#[test]
fn a_vendor_with_two_thousand_bundles_and_a_table_of_excel() {
    let folder = Folder::new();
    let ca = public_ca();
    let mut table = "\u{feff}Dateiname;Account;Uploaded At\r\n".to_owned();
    for n in 0..2000u32 {
        let name = format!("acct{:03}/tls{n}.pem", n % 500);
        // One in ten lives on; one in four came before the cutoff.
        let to = if n % 10 == 0 { "2040-01-01" } else { "2017-06-30" };
        let certificate = leaf(&format!("h{n}.example"))
            .serial((n % 120) as u8)
            .organisation(&n.to_string())
            .from("2014-01-01")
            .to(to)
            .by(&ca);
        folder.write(format!("store/{name}"), bundle(&certificate, &[&ca]));
        let time = if n % 4 == 0 {
            format!("{:02}.05.2015 09:30", 1 + n % 28)
        } else {
            format!("{:02}.03.2018 17:45", 1 + n % 28)
        };
        table += &format!("{name};Account {:03};{time}\r\n", n % 500);
    }
    folder.write("export.csv", &table);
    let walk = Walk { folder, command: "plan" };
    let (store, export) = (walk.folder.at("store"), walk.folder.at("export.csv"));
    let first = run(&["plan", &store, "-o", &walk.case(), "--manifest", &export, "--map", "Dateiname=path"]);
    assert_eq!(first.status, 1, "{}{}", first.stdout, first.stderr);
    let plan = walk.plan();
    let exposed = plan["keys"].as_array().unwrap().iter().filter(|k| k["exposure"] == "exposed").count();
    assert_eq!(exposed, 500, "{}", first.stdout);
    assert!(first.stdout.contains("Act on these: 100 certificates"), "{}", first.stdout);
    let end = walk.to_the_end();
    assert_eq!(end.status, 0, "{}", end.stdout);
    assert!(end.stdout.contains("Done: 100 certificates"), "{}", end.stdout);
}

/// A leak of today at a team with a CA of its own: the key store held everything until it was closed.
#[test]
fn a_team_with_a_private_ca_after_a_leak_of_today() {
    let folder = Folder::new();
    let ca = named_ca("Team CA");
    for n in 0..5 {
        let certificate =
            leaf(&format!("svc{n}.team.example")).serial(n + 1).from("2026-06-01").to("2027-06-01").by(&ca);
        folder.write(format!("store/svc{n}.pem"), bundle(&certificate, &[&ca]));
    }
    folder.write("store/notes.txt", "nothing\n").write("root.pem", ca.pem());
    let walk = Walk { folder, command: "run" };
    let store = walk.folder.at("store");
    let first = run(&[
        "run",
        &store,
        "-o",
        &walk.case(),
        "--incident",
        "generic",
        "--cutoff",
        "2026-11-15T12:00:00Z",
        "--uploaded",
        "2026-11-01",
    ]);
    assert_eq!(first.status, 1, "{}{}", first.stdout, first.stderr);
    assert!(first.stdout.contains("Act on these: 5 certificates"), "{}", first.stdout);
    walk.again("the first run");
    assert_eq!(issue(&walk, &ca, "issued"), 5);
    let (case, issued, root) = (walk.case(), walk.folder.at("issued"), walk.folder.at("root.pem"));
    let completed = run(&["complete", &case, &issued, "--root", &root]);
    assert_eq!(completed.status, 0, "{}{}", completed.stdout, completed.stderr);
    walk.again("complete");
    let statuses = walk.statuses();
    let repeated = run(&["complete", &case, &issued]);
    assert!(
        repeated.status == 0 && repeated.stderr.contains("used as stored in the case: --root"),
        "{}{}",
        repeated.stdout,
        repeated.stderr
    );
    assert_eq!(walk.statuses(), statuses, "without --root given again nothing opens again");
    let end = walk.to_the_end();
    assert_eq!(end.status, 0, "{}", end.stdout);
    assert!(end.stdout.contains("Done: 5 certificates"), "{}", end.stdout);
}
