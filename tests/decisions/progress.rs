//! What people said of steps, and what follows for the others.

use std::collections::HashSet;

use certrecall::id::{SpkiHash, StepId};
use certrecall::plan::progress::{Mark, Word, apply, carried_over, missing, no_longer_all, suspicion};
use certrecall::plan::step::AuthorityClock;
use certrecall::plan::{Status, Step, StepKind};
use certrecall::time::Time;

fn step(kind: StepKind, name: &str, needs: &[&Step]) -> Step {
    Step {
        status: Status::Waiting,
        needs: needs.iter().map(|s| s.id).collect(),
        clock: (kind == StepKind::Verify)
            .then(|| Box::new(AuthorityClock { hours: 24, source: "rule".into() })),
        ..Step::new(StepId::derive(kind.as_str(), &[name.as_bytes()]), kind, "")
    }
}

fn word(step: &Step, mark: Mark, at: i64) -> Word {
    Word {
        step: step.id,
        mark,
        reason: "r".into(),
        by: "b".into(),
        at: Time::from_unix(at),
        recorded: Time::from_unix(at),
    }
}

#[test]
fn every_kind_has_its_marks() {
    let key = SpkiHash::of(b"key");
    let asks = Step { key: Some(key), ..Step::new(suspicion(&key), StepKind::Decide, "") };
    let fitting = |step: &Step| {
        Mark::VALUES
            .iter()
            .filter(|(_, mark)| mark.fits(step).is_ok())
            .map(|(name, _)| *name)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(fitting(&asks), "waived confirmed cleared reopened");
    for kind in StepKind::ALL {
        let own = match kind {
            StepKind::Decide
            | StepKind::Inspect
            | StepKind::Replace
            | StepKind::Retire
            | StepKind::Rotate
            | StepKind::Verify => "confirmed",
            StepKind::Deploy => "deployed",
            StepKind::Revoke => "sent",
            StepKind::Search => "searched",
        };
        assert_eq!(fitting(&step(kind, "a", &[])), format!("waived {own} reopened"), "{}", kind.as_str());
    }
}

#[test]
fn what_is_done_makes_the_next_ready() {
    let replace = step(StepKind::Replace, "a", &[]);
    let deploy = step(StepKind::Deploy, "a", &[&replace]);
    let search = step(StepKind::Search, "k", &[]);
    let revoke = step(StepKind::Revoke, "k", &[&deploy, &search]);
    let verify = step(StepKind::Verify, "k", &[&revoke]);
    let words = [word(&deploy, Mark::Deployed, 5)];
    let mut steps = vec![replace.clone(), deploy.clone(), search.clone(), revoke.clone(), verify.clone()];
    apply(&mut steps, &words);
    let statuses = |steps: &[Step]| steps.iter().map(|s| s.status).collect::<Vec<_>>();
    use Status::{Done, Ready, Waiting, Waived};
    assert_eq!(
        statuses(&steps),
        [Done, Done, Ready, Waiting, Waiting],
        "deployed means issued; the search is still due"
    );
    assert_eq!(steps[4].deadline, None);
    assert_eq!(
        missing(&HashSet::from([steps[3].id]), &steps).map(|(_, needs)| needs).collect::<Vec<_>>(),
        [[&search.id]]
    );
    let mut words = words.to_vec();
    words.extend([word(&search, Mark::Waived, 6), word(&revoke, Mark::Sent, 100)]);
    apply(&mut steps, &words);
    assert_eq!(statuses(&steps), [Done, Done, Waived, Done, Ready]);
    assert_eq!(
        steps[4].deadline,
        Some(Time::from_unix(100 + 24 * 3600)),
        "the CA has 24 hours from what it was sent"
    );
    words.push(word(&search, Mark::Reopened, 7));
    apply(&mut steps, &words);
    assert_eq!(statuses(&steps), [Done, Done, Ready, Done, Ready], "the last word counts");
}

#[test]
fn what_was_said_of_a_step_holds_for_the_same_step_under_another_name() {
    let key = SpkiHash::of(b"k");
    let of = |kind, name: &str, certificates: &[&[u8]]| Step {
        key: Some(key),
        certificates: certificates.iter().map(|c| certrecall::id::Fingerprint::of(c)).collect(),
        ..step(kind, name, &[])
    };
    let (one, two) = (of(StepKind::Revoke, "issuer 1", &[b"a"]), of(StepKind::Revoke, "issuer 2", &[b"b"]));
    let both = of(StepKind::Revoke, "operator", &[b"a", b"b"]);
    let earlier = [one.clone(), two.clone()];
    let now = Time::from_unix(1000);
    let carried = |words: &[Word], steps: &[Step]| carried_over(words, &earlier, steps, |_| false, now);
    let words = [word(&one, Mark::Sent, 5)];
    assert!(carried(&words, std::slice::from_ref(&both)).is_empty(), "nobody asked for the second");
    let words = [words[0].clone(), word(&two, Mark::Sent, 9)];
    let new = carried(&words, std::slice::from_ref(&both));
    assert_eq!(
        (new.len(), &new[0].step, new[0].mark, new[0].at.unix()),
        (1, &both.id, Mark::Sent, 5),
        "the clock runs since the first"
    );
    assert!(new[0].reason.contains(one.id.as_str()));
    let mixed = [words[0].clone(), word(&two, Mark::Waived, 9)];
    assert!(carried(&mixed, std::slice::from_ref(&both)).is_empty(), "two things were said");
    let other = Step { authority: Some("digicert".into()), ..one.clone() };
    assert!(
        carried_over(&words, &[other, two.clone()], std::slice::from_ref(&both), |a| a == "digicert", now)
            .is_empty(),
        "another CA was asked"
    );
    assert!(
        carried(&words, &[both.clone(), one.clone(), two.clone()]).is_empty(),
        "they are still there and speak for themselves"
    );
    let taken_back = [words[0].clone(), words[1].clone(), word(&two, Mark::Reopened, 10)];
    assert!(carried(&taken_back, &[both]).is_empty());
}

#[test]
fn what_was_said_of_a_step_does_not_hold_for_what_belongs_to_it_since() {
    use Status::{Done, Ready, Waiting};
    let of = |kind, needs: &[&Step], certificates: &[&[u8]]| Step {
        certificates: certificates.iter().map(|c| certrecall::id::Fingerprint::of(c)).collect(),
        ..step(kind, "k", needs)
    };
    let all = |certificates: &[&[u8]]| {
        let replace = of(StepKind::Replace, &[], certificates);
        let deploy = of(StepKind::Deploy, &[&replace], certificates);
        let revoke = of(StepKind::Revoke, &[&deploy], certificates);
        let verify = of(StepKind::Verify, &[&revoke], certificates);
        vec![replace, deploy, revoke, verify]
    };
    let none = |_: &Step| None;
    let statuses = |steps: &[Step]| steps.iter().map(|s| s.status).collect::<Vec<_>>();
    let (earlier, mut steps) = (all(&[b"a"]), all(&[b"a", b"b", b"c"]));
    let mut words = vec![word(&steps[1], Mark::Deployed, 5), word(&steps[2], Mark::Sent, 6)];
    assert!(
        no_longer_all(&words, &steps, &steps, &none, &none, Time::from_unix(7)).is_empty(),
        "they are the same"
    );
    assert!(
        no_longer_all(&words, &steps, &earlier, &none, &none, Time::from_unix(7)).is_empty(),
        "fewer than before"
    );
    let more = no_longer_all(&words, &earlier, &steps, &none, &none, Time::from_unix(7));
    assert_eq!(more.iter().map(|w| w.step).collect::<Vec<_>>(), [steps[1].id, steps[2].id]);
    assert!(more[0].reason.contains("and 1 more"), "{}", more[0].reason);
    words.extend(more);
    assert!(
        no_longer_all(&words, &earlier, &steps, &none, &none, Time::from_unix(8)).is_empty(),
        "said once"
    );
    apply(&mut steps, &words);
    assert_eq!(
        statuses(&steps),
        [Done, Ready, Waiting, Waiting],
        "what was issued stands in for the new ones too"
    );
    let day = 24 * 3600;
    assert_eq!(steps[3].deadline, Some(Time::from_unix(6 + day)), "the clock for the first runs on");
    words.extend([word(&steps[1], Mark::Deployed, 10), word(&steps[2], Mark::Sent, 11)]);
    apply(&mut steps, &words);
    assert_eq!(
        (statuses(&steps), steps[3].deadline),
        (vec![Done, Done, Done, Ready], Some(Time::from_unix(11 + day)))
    );
    words.push(word(&steps[3], Mark::Confirmed, 12));
    let (earlier, mut steps) = (steps, all(&[b"a", b"b", b"c", b"d"]));
    words.extend(no_longer_all(&words, &earlier, &steps, &none, &none, Time::from_unix(13)));
    apply(&mut steps, &words);
    assert_eq!(
        (statuses(&steps), steps[3].deadline),
        (vec![Done, Ready, Waiting, Waiting], None),
        "nothing is asked for that is not checked"
    );
    let waived = [word(&steps[0], Mark::Waived, 1), word(&steps[1], Mark::Waived, 1)];
    assert_eq!(
        no_longer_all(&waived, &earlier, &steps, &none, &none, Time::from_unix(2)).len(),
        2,
        "a waiver is for what was known"
    );
}

#[test]
fn revoking_first_is_a_decision() {
    let deploy = step(StepKind::Deploy, "a", &[]);
    let first = step(StepKind::Decide, "first", &[]);
    let mut revoke = step(StepKind::Revoke, "k", &[&deploy]);
    revoke.or_after = Some(first.id);
    let mut steps = vec![deploy, first.clone(), revoke];
    apply(&mut steps, &[]);
    assert_eq!(steps[2].status, Status::Waiting);
    apply(&mut steps, &[word(&first, Mark::Waived, 1)]);
    assert_eq!(steps[2].status, Status::Waiting, "decided against it");
    apply(&mut steps, &[word(&first, Mark::Confirmed, 1)]);
    assert_eq!(steps[2].status, Status::Ready);
}

#[test]
fn a_check_is_waived_with_its_revocation_and_with_nothing_else() {
    let deploy = step(StepKind::Deploy, "a", &[]);
    let trust = step(StepKind::Verify, "trust", &[&deploy]);
    let revoke = step(StepKind::Revoke, "k", &[&deploy]);
    let verify = step(StepKind::Verify, "k", &[&revoke]);
    let mut steps = vec![deploy.clone(), trust, revoke.clone(), verify];
    apply(&mut steps, &[word(&deploy, Mark::Waived, 1)]);
    let statuses = |steps: &[Step]| steps.iter().map(|s| s.status).collect::<Vec<_>>();
    use Status::{Ready, Waiting, Waived};
    assert_eq!(
        statuses(&steps),
        [Waived, Ready, Ready, Waiting],
        "what is not deployed is still trusted somewhere"
    );
    apply(&mut steps, &[word(&deploy, Mark::Waived, 1), word(&revoke, Mark::Waived, 2)]);
    assert_eq!(statuses(&steps), [Waived, Ready, Waived, Waived]);
}

#[test]
fn what_is_not_replaced_is_not_deployed() {
    use Status::{Ready, Waived};
    let replace = step(StepKind::Replace, "a", &[]);
    let deploy = step(StepKind::Deploy, "a", &[&replace]);
    let revoke = step(StepKind::Revoke, "k", &[&deploy]);
    let mut steps = vec![replace.clone(), deploy, revoke];
    apply(&mut steps, &[word(&replace, Mark::Waived, 1)]);
    assert_eq!(steps.iter().map(|s| s.status).collect::<Vec<_>>(), [Waived, Waived, Ready]);
}

#[test]
fn only_a_confirmed_suspicion_is_revoked() {
    let key = SpkiHash::of(b"k");
    let mut decide = step(StepKind::Decide, "x", &[]);
    (decide.id, decide.key) = (suspicion(&key), Some(key));
    let mut revoke = step(StepKind::Revoke, "k", &[&decide]);
    (revoke.only_if, revoke.key) = (Some(decide.id), Some(key));
    let verify = step(StepKind::Verify, "k", &[&revoke]);
    let retire = step(StepKind::Retire, "k", &[&verify]);
    let mut steps = vec![decide.clone(), revoke, verify, retire];
    for (mark, statuses) in [
        (Mark::Confirmed, [Status::Ready, Status::Waiting, Status::Waiting]),
        (Mark::Cleared, [Status::Waived, Status::Waived, Status::Ready]),
        (Mark::Waived, [Status::Waiting, Status::Waiting, Status::Waiting]),
    ] {
        apply(&mut steps, &[word(&decide, mark, 1)]);
        assert_eq!([steps[1].status, steps[2].status, steps[3].status], statuses, "{mark:?}");
    }
}

#[test]
fn a_mark_is_for_its_kind() {
    let search = step(StepKind::Search, "k", &[]);
    assert!(Mark::Searched.fits(&search).is_ok() && Mark::Waived.fits(&search).is_ok());
    let error = Mark::Sent.fits(&search).unwrap_err();
    assert_eq!(error.fitting, ["searched", "waived", "reopened"]);
    let key = SpkiHash::of(b"k");
    let mut decide = step(StepKind::Decide, "x", &[]);
    assert!(Mark::Cleared.fits(&decide).is_err(), "only a suspicion can be cleared");
    (decide.id, decide.key) = (suspicion(&key), Some(key));
    assert!(Mark::Cleared.fits(&decide).is_ok() && Mark::Confirmed.fits(&decide).is_ok());
}

#[test]
fn each_kind_is_open_again_for_what_is_new_of_its_own() {
    let of = |kind: StepKind, mark: Mark| {
        let one = step(kind, "x", &[]);
        let more = Step { certificates: vec![certrecall::id::Fingerprint::of(b"new")], ..one.clone() };
        let words = [word(&one, mark, 1)];
        let of = |grown: Option<&str>, graver: Option<&str>| {
            let (grown, graver) = (grown.map(str::to_owned), graver.map(str::to_owned));
            let new = no_longer_all(
                &words,
                std::slice::from_ref(&one),
                std::slice::from_ref(&more),
                &|_| grown.clone(),
                &|_| graver.clone(),
                Time::from_unix(9),
            );
            new.first().map_or_else(
                || "-".to_owned(),
                |w| w.reason.split([' ', ';']).next().unwrap_or_default().to_owned(),
            )
        };
        format!("{} {} {}", of(None, None), of(Some("copy"), None), of(None, Some("graver")))
    };
    let new = |mark| StepKind::ALL.map(|kind| format!("{}: {}", kind.as_str(), of(kind, mark)));
    assert_eq!(
        new(Mark::Confirmed),
        [
            "decide: - - -",
            "deploy: the the the",
            "inspect: - - -",
            "replace: - - -",
            "retire: - copy -",
            "revoke: the the the",
            "rotate: - - -",
            "search: - copy -",
            "verify: the the the"
        ]
    );
    assert_eq!(
        new(Mark::Waived),
        [
            "decide: - - graver",
            "deploy: the the the",
            "inspect: - - graver",
            "replace: the the the",
            "retire: - copy graver",
            "revoke: the the the",
            "rotate: - - graver",
            "search: - copy graver",
            "verify: the the the"
        ]
    );
    assert_eq!(
        new(Mark::Reopened).iter().filter(|n| !n.ends_with("- - -")).count(),
        0,
        "nothing is said of what is open"
    );
}

#[test]
fn of_several_things_said_the_last_counts_and_its_order_tells() {
    use Status::{Done, Ready, Waiting, Waived};
    let replace = step(StepKind::Replace, "a", &[]);
    let deploy = step(StepKind::Deploy, "a", &[&replace]);
    let trust = step(StepKind::Decide, "t", &[]);
    let distribute = step(StepKind::Deploy, "t", &[&trust]);
    let after = |words: &[Word]| {
        let mut steps = vec![replace.clone(), deploy.clone(), trust.clone(), distribute.clone()];
        apply(&mut steps, words);
        steps.iter().map(|s| s.status).collect::<Vec<_>>()
    };
    assert_eq!(after(&[]), [Ready, Waiting, Ready, Waiting]);
    assert_eq!(
        after(&[word(&deploy, Mark::Deployed, 1), word(&replace, Mark::Reopened, 2)]),
        [Ready, Done, Ready, Waiting],
        "taken back since"
    );
    assert_eq!(
        after(&[word(&replace, Mark::Reopened, 1), word(&deploy, Mark::Deployed, 2)]),
        [Done, Done, Ready, Waiting],
        "and issued again"
    );
    assert_eq!(
        after(&[word(&distribute, Mark::Deployed, 1)]),
        [Ready, Waiting, Ready, Done],
        "a decision is not issued"
    );
    assert_eq!(after(&[word(&trust, Mark::Waived, 1)]), [Ready, Waiting, Waived, Ready]);
    assert_eq!(after(&[word(&deploy, Mark::Waived, 1)]), [Ready, Waived, Ready, Waiting]);
}
