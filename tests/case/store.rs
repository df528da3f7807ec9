//! The suite that every store of a case has to pass. It knows the interface alone: a store is opened, written
//! to, opened again and read.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use certrecall::assess::{Decision, Exposure};
use certrecall::id::{Fingerprint, ProfileHash, SpkiHash, StepId};
use certrecall::inventory::{Builder, Inventory};
use certrecall::plan::ct::Listed;
use certrecall::plan::{Mark, ReplacementRecord, SourceRecord, Status, Step, StepKind, Word};
use certrecall::read::{Ledger, Roots};
use certrecall::report::json;
use certrecall::store::model::{BecauseRecord, CertificateRecord, KeyRecord, NameKey};
use certrecall::store::question::{Given, OptionName, Scope};
use certrecall::store::{
    Case, Changes, IncidentRecord, KeyEntry, Orphan, PlanHeader, PlanList, PlanPart, Question, Recording,
    Records, Run, SearchResult, Store,
};
use certrecall::time::Time;

use crate::common::Folder;

/// A store of its own for one check, which can be opened again.
type Open<'a> = &'a dyn Fn() -> Box<dyn Store>;

/// Runs a check on every kind of store that there is.
fn on_every_store(check: fn(Open<'_>)) {
    let folder = Folder::new();
    folder.write("in/a.pem", "");
    let roots = Roots::open(&[folder.path().join("in")]).unwrap();
    let directory = folder.path().join("case");
    drop(Case::create(&directory, &roots, None).unwrap());
    check(&|| Case::open(&directory).unwrap().store_for_plan().unwrap().0);
}

fn at(seconds: i64) -> Time {
    Time::from_unix(1_500_000_000 + seconds)
}

fn key(name: &str) -> KeyRecord {
    KeyRecord {
        spki_sha256: SpkiHash::of(name.as_bytes()),
        spki_sha256_raw: vec![SpkiHash::of(format!("{name} raw").as_bytes())],
        key_algorithm: "ec".to_owned(),
        key_bits: 256,
        exposure: Exposure::Exposed,
        because: vec![BecauseRecord {
            evidence: "manifest".to_owned(),
            source: "m.csv:2".to_owned(),
            earliest: None,
            latest: Some(at(0)),
            message: "a row".to_owned(),
            path: Some(format!("{name}.pem")),
            findings: Default::default(),
        }],
        because_omitted: 0,
        accounts: vec![format!("{name} Ltd")],
        private_key_paths: vec![format!("{name}.zip!/key.pem")],
        private_key_accounts: None,
        certificates: vec![CertificateRecord {
            sha256: Fingerprint::of(name.as_bytes()),
            standing: certrecall::assess::Standing::Valid,
            verdict: certrecall::assess::Verdict::Replace,
            subject: format!("CN={name}.example,O=Store"),
            issuer: "CN=Store CA".to_owned(),
            serial: "0a1b".to_owned(),
            not_before: None,
            not_after: None,
            dns_names: vec![format!("www.{name}.example")],
            is_ca: false,
            is_self_signed: false,
            sort: None,
            issued: None,
            paths: vec![format!("{name}.pem")],
            members: Vec::new(),
            paths_b64: Vec::new(),
            roots: Vec::new(),
            path_accounts: None,
            because: Vec::new(),
            replacement: None,
        }],
        requests: Vec::new(),
        elsewhere: Vec::new(),
        steps: vec![search(name).id],
        risk: None,
        findings: Default::default(),
    }
}

fn search(name: &str) -> Step {
    let key = SpkiHash::of(name.as_bytes());
    let mut step = Step::new(StepId::derive("search", &[key.as_bytes()]), StepKind::Search, name);
    step.key = Some(key);
    step
}

fn replacement(name: &str) -> ReplacementRecord {
    ReplacementRecord {
        id: StepId::derive("replace", &[name.as_bytes()]),
        profile: ProfileHash::of(name.as_bytes()),
        name: format!("{name} \u{202e}"),
        subject: String::new(),
        replaces: Vec::new(),
        mirrors: Fingerprint::of(b""),
        sources: vec![SourceRecord { root: 0, path: "a.pem".to_owned(), path_b64: None, member: None }],
        key_algorithm: "ec".to_owned(),
        curve: None,
        key_bits: 256,
        waits_for_new_ca: false,
        sort: None,
        reach: None,
        issuer: String::new(),
        operator: None,
        operator_name: None,
        max_days: None,
        directory: None,
    }
}

fn header() -> PlanHeader {
    PlanHeader {
        as_of: at(0),
        roots: vec!["/in".to_owned()],
        roots_b64: Vec::new(),
        question: Question::default(),
        incident: IncidentRecord { name: "n".to_owned(), title: "t".to_owned(), cutoff: at(-5) },
        ledger: Ledger::default(),
    }
}

/// What a plan is made of.
#[derive(Default)]
struct Plan {
    keys: Vec<KeyRecord>,
    steps: Vec<Step>,
    items: Vec<(PlanList, Vec<String>)>,
    orphans: Vec<Orphan>,
    is_cut: bool,
}

impl Plan {
    fn of(names: &[&str]) -> Self {
        let mut keys: Vec<KeyRecord> = names.iter().map(|name| key(name)).collect();
        keys.sort_by_key(|key| key.spki_sha256);
        Self { keys, steps: names.iter().map(|name| search(name)).collect(), ..Self::default() }
    }

    fn save(&self, open: Open<'_>) -> Result<Changes, certrecall::store::Error> {
        let inventory: Inventory = Builder::default().finish(Vec::new(), 1);
        let roots = Roots::open(&[concat!(env!("CARGO_MANIFEST_DIR"), "/src").into()]).unwrap();
        let question = Question::default();
        let run = Run {
            at: at(1),
            as_of: at(0),
            incident: "n",
            question: &question,
            roots: &[],
            recording: Recording { inventory: &inventory, path_rows: &[], before: &[], roots: &roots },
            found: true,
            orphans: &self.orphans,
        };
        let records = |items: &[Vec<u8>]| {
            let mut out = Records::default();
            items.iter().for_each(|item| out.push(|record| record.extend_from_slice(item)));
            out
        };
        let mut parts = vec![PlanPart::Header(header())];
        for (list, items) in &self.items {
            let items: Vec<Vec<u8>> = items.iter().map(|item| item.clone().into_bytes()).collect();
            parts.push(PlanPart::Items(*list, records(&items)));
        }
        parts.push(PlanPart::Steps(records(&self.steps.iter().map(json::to_vec).collect::<Vec<_>>())));
        // In more parts than one.
        for key in &self.keys {
            let entry = KeyEntry {
                spki: key.spki_sha256,
                forms: key.spki_sha256_raw.clone(),
                exposure: key.exposure.as_str(),
            };
            parts.push(PlanPart::Keys(vec![entry], records(&[json::to_vec(key)])));
        }
        if !self.is_cut {
            parts.push(PlanPart::End);
        }
        open().save(run, &mut parts.into_iter(), &self.steps, &|step| format!("{} is gone", step.says))
    }
}

fn items(store: &dyn Store, list: PlanList) -> Vec<String> {
    let mut out = Vec::new();
    store.each_item(list, &mut |item| out.push(String::from_utf8(item.to_vec()).unwrap())).unwrap();
    out
}

fn keys(store: &dyn Store) -> Vec<KeyRecord> {
    let mut out = Vec::new();
    store.each_key(&mut |key| out.push(key)).unwrap();
    out
}

fn open_steps(store: &dyn Store) -> Vec<Step> {
    store.steps().unwrap().into_iter().filter(|kept| kept.closed.is_none()).map(|kept| kept.step).collect()
}

fn word(step: &Step, mark: Mark, seconds: i64) -> Word {
    Word {
        step: step.id,
        mark,
        reason: "because".to_owned(),
        by: "Ada".to_owned(),
        at: at(seconds),
        recorded: at(seconds),
    }
}

#[test]
fn a_new_one_has_nothing() {
    on_every_store(|open| {
        let store = open();
        assert!(!store.has_plan().unwrap() && store.header().unwrap().is_none());
        assert!(store.last_run().unwrap().is_none() && store.question(Scope::Plan).unwrap().is_none());
        assert!(keys(&*store).is_empty() && store.steps().unwrap().is_empty());
        assert!(store.words().unwrap().is_empty() && store.decisions().unwrap().is_empty());
        assert!(store.replacements().unwrap().is_empty() && store.key_hashes().unwrap().is_empty());
        assert!(store.keys_named(&NameKey::meant_by("a.example")).unwrap().is_empty());
        assert!(store.files().unwrap().is_empty() && store.roots().unwrap().is_empty());
    });
}

#[test]
fn the_last_question_of_each_scope_counts() {
    on_every_store(|open| {
        let question = |given: &[(OptionName, &str)]| {
            let options = given.iter().map(|(name, value)| (*name, vec![(*value).into()])).collect();
            let given = Given { options, forget: Vec::new() };
            Question::resolve(Scope::Plan, None, &given, at(0)).unwrap().question
        };
        let first = question(&[(OptionName::Uploaded, "2015-01-01")]);
        let second = question(&[(OptionName::Uploaded, "2016-01-01")]);
        open().begin(&first, &[], at(0)).unwrap();
        assert_eq!(open().question(Scope::Plan).unwrap(), Some(first));
        open().keep_question(Scope::Plan, &second, at(1)).unwrap();
        open().keep_question(Scope::Complete, &Question::default(), at(2)).unwrap();
        assert_eq!(open().question(Scope::Plan).unwrap(), Some(second));
        assert_eq!(open().question(Scope::Complete).unwrap(), Some(Question::default()));
        assert!(!open().has_plan().unwrap(), "a question is no plan");
    });
}

#[test]
fn a_plan_is_kept_as_it_is() {
    on_every_store(|open| {
        let plan = Plan {
            items: vec![
                (PlanList::Authorities, vec!["{\"id\":\"a\"}".to_owned()]),
                (PlanList::Findings, (0..300).map(|n| format!("{{\"n\":{n}}}")).collect()),
                (PlanList::Findings, vec!["{\"n\":\"last\"}".to_owned()]),
            ],
            ..Plan::of(&["a", "b", "c"])
        };
        let changes = plan.save(open).unwrap();
        assert_eq!(changes, Changes { added: 3, closed: 0, reopened: 0 });
        let store = open();
        assert!(store.has_plan().unwrap());
        assert_eq!(store.header().unwrap(), Some(header()));
        assert_eq!(keys(&*store), plan.keys);
        assert_eq!(open_steps(&*store), plan.steps);
        let findings = items(&*store, PlanList::Findings);
        assert_eq!(
            (findings.len(), findings[299].as_str(), findings[300].as_str()),
            (301, "{\"n\":299}", "{\"n\":\"last\"}")
        );
        assert_eq!(items(&*store, PlanList::Authorities), ["{\"id\":\"a\"}"]);
        assert!(items(&*store, PlanList::Unread).is_empty());
        let run = store.last_run().unwrap().unwrap();
        assert_eq!((run.incident.as_str(), run.at, run.found), ("n", at(1), true));
        // The same once more changes nothing.
        assert_eq!(plan.save(open).unwrap(), Changes::default());
        assert_eq!((keys(&*open()), open_steps(&*open())), (plan.keys, plan.steps));
    });
}

#[test]
fn keys_are_found_by_each_of_their_hashes() {
    on_every_store(|open| {
        let plan = Plan::of(&["a", "b"]);
        plan.save(open).unwrap();
        let (store, a) = (open(), key("a"));
        for hash in [a.spki_sha256, a.spki_sha256_raw[0]] {
            assert_eq!(store.key(&hash).unwrap().as_ref(), Some(&a));
        }
        assert!(store.key(&SpkiHash::of(b"z")).unwrap().is_none());
        let hashes: HashSet<SpkiHash> = plan.keys.iter().flat_map(KeyRecord::names).collect();
        assert_eq!(store.key_hashes().unwrap(), hashes);
        assert_eq!(store.exposures().unwrap(), BTreeMap::from([("exposed".to_owned(), 2)]));
        assert_eq!(store.exposure(&a.spki_sha256).unwrap(), Some(Exposure::Exposed));
        let exposures: Vec<_> = plan.keys.iter().map(|key| (key.spki_sha256, key.exposure)).collect();
        assert_eq!(store.exposure_of_keys().unwrap(), exposures);
        let forms: BTreeSet<_> = plan.keys.iter().map(|k| (k.spki_sha256_raw[0], k.spki_sha256)).collect();
        assert_eq!(store.forms().unwrap().into_iter().collect::<BTreeSet<_>>(), forms);
    });
}

#[test]
fn keys_are_found_by_each_of_their_names_and_by_no_other() {
    on_every_store(|open| {
        Plan::of(&["a", "b"]).save(open).unwrap();
        let found = |name: &str| -> Vec<SpkiHash> {
            let found = open().keys_named(&NameKey::meant_by(name)).unwrap();
            found.iter().map(|key| key.spki_sha256).collect()
        };
        let a = [SpkiHash::of(b"a")];
        let fingerprint = Fingerprint::of(b"a").to_string();
        for name in [
            "www.a.example",
            "WWW.A.example.",
            "a.example",
            "cn=a.example,o=store",
            "a.pem",
            "./a.pem",
            "a.zip!/key.pem",
            "a.zip",
            "a ltd",
            &fingerprint,
        ] {
            assert_eq!(found(name), a, "{name}");
        }
        assert_eq!(found("0x0A1B").len(), 2, "a serial number that both have");
        assert_eq!(found("key.pem").len(), 2);
        // What changed is found by its new name, and by the old one no more.
        let mut plan = Plan::of(&["a", "b"]);
        let at = plan.keys.iter().position(|key| key.spki_sha256 == a[0]).unwrap();
        plan.keys[at].certificates[0].dns_names = vec!["new.example".to_owned()];
        plan.save(open).unwrap();
        assert_eq!((found("new.example"), found("www.a.example")), (a.to_vec(), Vec::new()));
        Plan::of(&["b"]).save(open).unwrap();
        assert!(found("new.example").is_empty() && found("www.b.example").len() == 1);
    });
}

#[test]
fn a_plan_that_is_cut_off_changes_nothing() {
    on_every_store(|open| {
        let before = Plan::of(&["a", "b"]);
        before.save(open).unwrap();
        let cut = Plan { is_cut: true, ..Plan::of(&["c"]) };
        assert!(cut.save(open).is_err());
        let store = open();
        assert_eq!((keys(&*store), open_steps(&*store)), (before.keys, before.steps));
    });
}

#[test]
fn steps_are_closed_with_a_reason_and_come_back() {
    on_every_store(|open| {
        Plan::of(&["a", "b"]).save(open).unwrap();
        let changes = Plan::of(&["b", "c"]).save(open).unwrap();
        assert_eq!(changes, Changes { added: 1, closed: 1, reopened: 0 });
        let closed: Vec<_> = open().steps().unwrap().into_iter().filter_map(|k| k.closed).collect();
        assert_eq!(closed, [("a is gone".to_owned(), at(1))]);
        assert_eq!(open_steps(&*open()), [search("b"), search("c")], "in their order");
        let changes = Plan::of(&["c", "a"]).save(open).unwrap();
        assert_eq!(changes, Changes { added: 0, closed: 1, reopened: 1 });
        assert_eq!(open_steps(&*open()), [search("c"), search("a")]);
    });
}

#[test]
fn lists_become_shorter() {
    on_every_store(|open| {
        let plan = |n: usize| Plan {
            items: vec![(PlanList::UnnamedKeys, (0..n).map(|n| format!("\"{n}\"")).collect())],
            ..Plan::of(&["a"])
        };
        for n in [3, 1, 0, 2] {
            plan(n).save(open).unwrap();
            assert_eq!(items(&*open(), PlanList::UnnamedKeys).len(), n);
        }
        Plan::of(&["a"]).save(open).unwrap();
        assert!(items(&*open(), PlanList::UnnamedKeys).is_empty(), "a list that does not come is empty");
    });
}

#[test]
fn a_key_whose_record_cannot_be_read_stays() {
    on_every_store(|open| {
        Plan::of(&["a", "b"]).save(open).unwrap();
        let orphan = Orphan { spki: SpkiHash::of(b"a"), exposure: Exposure::Exposed, record: None };
        Plan { orphans: vec![orphan], ..Plan::of(&["b"]) }.save(open).unwrap();
        assert!(open().exposure(&SpkiHash::of(b"a")).unwrap().is_some());
    });
}

#[test]
fn words_and_decisions_are_kept_in_their_order() {
    on_every_store(|open| {
        Plan::of(&["a", "b"]).save(open).unwrap();
        let (a, b) = (search("a"), search("b"));
        let decision = |reason: &str| Decision {
            exposed: false,
            misused: false,
            reason: reason.to_owned(),
            by: "Ada".to_owned(),
            at: at(3),
            on: None,
        };
        let spki = SpkiHash::of(b"a");
        let words = [word(&a, Mark::Searched, 3), word(&b, Mark::Waived, 2)];
        open().record(&words, &[(spki, Some(decision("one")))]).unwrap();
        assert_eq!(open().words().unwrap(), words);
        assert_eq!(open().decisions().unwrap(), BTreeMap::from([(spki, decision("one"))]));
        open().decide(&BTreeMap::from([(spki, decision("two"))])).unwrap();
        assert_eq!(open().decisions().unwrap()[&spki], decision("two"));
        open().record(&[word(&a, Mark::Reopened, 4)], &[(spki, None)]).unwrap();
        assert!(open().decisions().unwrap().is_empty(), "taken back");
        assert_eq!(open().words().unwrap().len(), 3);
        Plan::of(&["b"]).save(open).unwrap();
        assert_eq!(open().words().unwrap().len(), 3, "a new plan loses none");
    });
}

#[test]
fn what_a_search_found_comes_with_its_steps() {
    on_every_store(|open| {
        Plan::of(&["a", "b"]).save(open).unwrap();
        let (a, spki) = (search("a"), SpkiHash::of(b"a"));
        let listed = Listed {
            issuer: "CN=Store CA".to_owned(),
            serial: Some("0c".to_owned()),
            names: vec!["else.example".to_owned()],
            not_before: None,
            not_after: None,
            crt_sh_id: Some(7),
            sha256: None,
        };
        let mut new = Step::new(StepId::derive("replace", &[b"else"]), StepKind::Replace, "else");
        new.status = Status::Waiting;
        let closing = word(&a, Mark::Searched, 3);
        let result = SearchResult {
            search: &a,
            key: &spki,
            found: std::slice::from_ref(&listed),
            word: Some(&closing),
            steps: vec![&new],
        };
        open().searched(&[result]).unwrap();
        assert_eq!(open().elsewhere().unwrap(), BTreeMap::from([(spki, vec![listed])]));
        assert_eq!(open().words().unwrap(), [closing]);
        let steps = open_steps(&*open());
        assert_eq!(steps.last(), Some(&search("b")), "the new one has the place of its search");
        assert!(steps.contains(&new));
    });
}

#[test]
fn replacements_have_the_directories_that_are_there() {
    on_every_store(|open| {
        let records = [replacement("a"), replacement("b")];
        let texts = records.iter().map(|r| String::from_utf8(json::to_vec(r)).unwrap()).collect();
        Plan { items: vec![(PlanList::Replacements, texts)], ..Plan::of(&["a"]) }.save(open).unwrap();
        let directories = || -> Vec<Option<String>> {
            open().replacements().unwrap().into_iter().map(|record| record.directory).collect()
        };
        assert_eq!(directories(), [None, None]);
        open().set_directories(&BTreeMap::from([(records[1].id, "replacements/b".to_owned())])).unwrap();
        assert_eq!(directories(), [None, Some("replacements/b".to_owned())]);
        open().set_directories(&BTreeMap::from([(records[0].id, "replacements/a".to_owned())])).unwrap();
        assert_eq!(directories(), [Some("replacements/a".to_owned()), None]);
        assert_eq!(open().replacements().unwrap()[1].name, "b \u{202e}");
    });
}

#[test]
fn a_key_that_was_made_keeps_its_first_time() {
    on_every_store(|open| {
        let (a, b) = (SpkiHash::of(b"a"), SpkiHash::of(b"b"));
        open().add_made(&[(a, at(1))]).unwrap();
        open().add_made(&[(a, at(2)), (b, at(2))]).unwrap();
        assert_eq!(open().made().unwrap(), BTreeMap::from([(a, at(1)), (b, at(2))]));
    });
}
