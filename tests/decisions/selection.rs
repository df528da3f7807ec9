//! Steps chosen by what they are about.

use certrecall::id::{Fingerprint, SpkiHash, StepId};
use certrecall::plan::ct::Listed;
use certrecall::plan::progress::Mark;
use certrecall::plan::selection::{KeySubject, Selected, Subjects};
use certrecall::plan::{Selection, Status, Step, StepKind};

fn step(kind: StepKind, name: &str) -> Step {
    Step::new(StepId::derive(kind.as_str(), &[name.as_bytes()]), kind, "")
}

#[test]
fn everything_given_has_to_hold() {
    let (a, b) = (Fingerprint::of(b"a"), Fingerprint::of(b"b"));
    let (key, other) = (SpkiHash::of(b"key"), SpkiHash::of(b"other"));
    let deploy_a = Step { certificates: vec![a], ..step(StepKind::Deploy, "a") };
    let deploy_b = Step { certificates: vec![b], status: Status::Waiting, ..step(StepKind::Deploy, "b") };
    let search = Step { key: Some(key), ..step(StepKind::Search, "key") };
    let revoke = Step {
        key: Some(other),
        certificates: vec![b],
        authority: Some("x-ca".into()),
        ..step(StepKind::Revoke, "b")
    };
    let listed = Listed {
        issuer: "CN=X".into(),
        serial: Some("01".into()),
        names: vec!["found.example".into()],
        not_before: None,
        not_after: None,
        crt_sh_id: None,
        sha256: None,
    };
    let found = Step { key: Some(key), id: listed.step_id(&key), ..step(StepKind::Replace, "") };
    let steps = [deploy_a.clone(), deploy_b.clone(), search.clone(), revoke.clone(), found.clone()];
    let accounts = ["acme".to_owned(), "globex".to_owned()];
    let elsewhere = [listed];
    let chosen = |selection: &Selection| {
        let mut subjects = Subjects::new([("x-ca".to_owned(), "X Trust".to_owned())]);
        let names = vec!["a.example".to_owned(), "A2.example".to_owned()];
        let of_key = KeySubject {
            key,
            accounts: &accounts,
            steps: &[deploy_a.id, search.id],
            certificates: vec![(a, names)],
            elsewhere: &elsewhere,
        };
        let certificates = vec![(b, vec!["b.example".to_owned()])];
        let of_other = KeySubject {
            key: other,
            accounts: &accounts[1..],
            steps: &[deploy_b.id],
            certificates,
            elsewhere: &[],
        };
        subjects.add(selection, &of_key);
        subjects.add(selection, &of_other);
        steps.iter().filter(|s| selection.means(s, &subjects)).map(|s| s.id).collect::<Vec<_>>()
    };
    let text = |text: &str| Some(text.to_owned());
    let all = Selection::default();
    assert_eq!(chosen(&Selection { host: text("a2.EXAMPLE."), ..all.clone() }), [deploy_a.id, search.id]);
    assert_eq!(
        chosen(&Selection { host: text("found.example"), ..all.clone() }),
        [found.id],
        "not those of the key's other certificates"
    );
    assert_eq!(chosen(&Selection { host: text("example"), ..all.clone() }), [], "a whole name");
    assert_eq!(
        chosen(&Selection { account: text("acme"), ..all.clone() }),
        [deploy_a.id, search.id, found.id]
    );
    assert_eq!(
        chosen(&Selection { account: text("globex"), kind: Some(StepKind::Deploy), ..all.clone() }),
        [deploy_a.id, deploy_b.id]
    );
    assert_eq!(
        chosen(&Selection {
            account: text("globex"),
            kind: Some(StepKind::Deploy),
            ready: true,
            ..all.clone()
        }),
        [deploy_a.id]
    );
    for name in ["x-ca", "x trust"] {
        assert_eq!(chosen(&Selection { authority: text(name), ..all.clone() }), [revoke.id]);
    }
    assert_eq!(chosen(&Selection { authority: text("x-ca"), host: text("a.example"), ..all.clone() }), []);
}

#[test]
fn only_open_steps_that_the_mark_fits_are_taken() {
    let done = Step { status: Status::Done, ..step(StepKind::Deploy, "done") };
    let (open, search) = (step(StepKind::Deploy, "open"), step(StepKind::Search, "x"));
    let steps = [done.clone(), open.clone(), search.clone()];
    let counts = |mark| {
        let Selected { steps, over, unfit } = Selection::default().select(mark, &steps, &Subjects::default());
        (steps.iter().map(|s| s.id).collect::<Vec<_>>(), over, unfit)
    };
    assert_eq!(counts(Mark::Deployed), (vec![open.id], 1, 1));
    assert_eq!(counts(Mark::Waived), (vec![open.id, search.id], 1, 0));
    assert_eq!(counts(Mark::Reopened), (vec![done.id], 2, 0), "what is open needs no reopening");
    assert_eq!(counts(Mark::Sent), (vec![], 0, 3));
}

#[test]
fn a_selection_is_shown_as_it_was_given() {
    let all = Selection {
        host: Some("a.example".into()),
        account: Some("a b".into()),
        authority: Some("x".into()),
        kind: Some(StepKind::Deploy),
        ready: true,
    };
    assert_eq!(all.to_string(), "--host \"a.example\" --account \"a b\" --ca \"x\" --kind deploy --ready");
    assert!(!all.is_empty() && all.needs_keys());
    let none = Selection::default();
    assert_eq!((none.to_string(), none.is_empty(), none.needs_keys()), (String::new(), true, false));
    assert!(
        Selection { host: Some("a".into()), ..none.clone() }.needs_keys()
            && Selection { account: Some("a".into()), ..none }.needs_keys()
    );
}

#[test]
fn what_is_about_no_key_is_of_no_host_and_no_account() {
    let key = SpkiHash::of(b"key");
    let (inspect, search) =
        (step(StepKind::Inspect, "i"), Step { key: Some(key), ..step(StepKind::Search, "s") });
    let (waiting, failed) = (
        Step { status: Status::Waiting, ..search.clone() },
        Step { status: Status::Failed, ..search.clone() },
    );
    let (accounts, certificates) =
        (["acme".to_owned()], vec![(Fingerprint::of(b"a"), vec![" A.example. ".to_owned()])]);
    let subject = KeySubject { key, accounts: &accounts, steps: &[], certificates, elsewhere: &[] };
    let means = |selection: Selection, step: &Step| {
        let mut subjects = Subjects::new([("ca".to_owned(), "The CA".to_owned())]);
        subjects.add(&selection, &subject);
        selection.means(step, &subjects)
    };
    let of_host = Selection { host: Some("a.example".into()), ..Selection::default() };
    let of_account = Selection { account: Some("acme".into()), ..Selection::default() };
    assert!(means(of_host.clone(), &search) && !means(of_host.clone(), &inspect));
    assert!(means(of_account.clone(), &search) && !means(of_account, &inspect));
    assert!(!means(Selection { account: Some("other".into()), ..Selection::default() }, &search));
    let replace = Step { key: Some(key), ..step(StepKind::Replace, "r") };
    assert!(!means(of_host, &replace), "of a certificate that only a search knows");
    let ready = Selection { ready: true, ..Selection::default() };
    assert!(means(ready.clone(), &search) && !means(ready.clone(), &waiting) && !means(ready, &failed));
    let asked = Step { authority: Some("ca".into()), ..search.clone() };
    let of = |name: &str| Selection { authority: Some(name.into()), ..Selection::default() };
    assert!(
        means(of("ca"), &asked)
            && means(of("the ca"), &asked)
            && !means(of("another"), &asked)
            && !means(of("ca"), &search)
    );
    assert!(!means(of("the ca"), &Step { authority: Some("unknown".into()), ..search }));
}
