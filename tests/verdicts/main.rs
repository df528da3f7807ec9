//! Guards the verdicts: kind of evidence, timing, standing and kind of certificate against exposure, verdict and the sentence a person reads.
#![allow(missing_docs, clippy::unwrap_used)]

mod common;

use std::collections::HashSet;
use std::convert::Infallible;

use certrecall::assess::{self, Assessment, Because, Clock, Incident, Manifest, Question, incident, parse_span};
use certrecall::id::{Fingerprint, SpkiHash};
use certrecall::inventory::{Builder, Inventory, Occurrence, link};
use certrecall::read::{self, Found, Options, Roots};
use certrecall::time::{Time, Written};
use common::pki::{
    Cert, Key, NOW, RsaPublic, bundle, chain, compressed, intermediate_of, leaf, leaked_leaf, named_ca, private_ca, public_ca, reissued_after_cutoff,
    self_signed,
};
use common::{Folder, LATE};

/// Well before the cutoff of 2016-11-01T00:00:00Z, and well after it.
const BEFORE: &str = "2015-06-01T00:00:00Z";
const AFTER: &str = "2017-06-01T00:00:00Z";

/// Cases of one theme; all of them are told of, not the first alone.
#[derive(Default)]
struct Table(Vec<String>);

impl Drop for Table {
    fn drop(&mut self) {
        assert!(self.0.is_empty() || std::thread::panicking(), "\n{}", self.0.join("\n"));
    }
}

impl Table {
    fn case(&mut self, name: &'static str) -> Case<'_> {
        Case {
            table: self,
            name,
            folder: Folder::new(),
            rows: Vec::new(),
            uploaded: None,
            distrust: false,
            listed: None,
            as_of: NOW,
            now: NOW,
            cutoff: None,
        }
    }
}

/// Files, evidence and times; then what must come of them.
struct Case<'t> {
    table: &'t mut Table,
    name: &'static str,
    folder: Folder,
    rows: Vec<String>,
    uploaded: Option<&'static str>,
    distrust: bool,
    listed: Option<SpkiHash>,
    as_of: &'static str,
    now: &'static str,
    cutoff: Option<&'static str>,
}

fn time(text: &str) -> Time {
    Written::parse(text).unwrap().as_utc()
}

impl Case<'_> {
    /// A file that was last changed long after the cutoff, which says nothing of its upload.
    fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.changed(path, content, LATE)
    }

    fn changed(self, path: &str, content: impl AsRef<[u8]>, time: &str) -> Self {
        self.folder.write_changed(format!("in/{path}"), content, time);
        self
    }

    fn row(mut self, path: &str, uploaded: &str) -> Self {
        self.rows.push(format!("{path},,{uploaded}"));
        self
    }

    fn row_for_hash(mut self, hash: Fingerprint, uploaded: &str) -> Self {
        self.rows.push(format!(",{hash},{uploaded}"));
        self
    }

    fn uploaded(mut self, span: &'static str) -> Self {
        self.uploaded = Some(span);
        self
    }

    fn distrusting(mut self) -> Self {
        self.distrust = true;
        self
    }

    fn listed(mut self, key: SpkiHash) -> Self {
        self.listed = Some(key);
        self
    }

    fn looked_at(mut self, time: &'static str) -> Self {
        self.as_of = time;
        self
    }

    fn cutoff(mut self, time: &'static str) -> Self {
        self.cutoff = Some(time);
        self
    }

    fn judge(&self) -> (Inventory, Assessment) {
        let roots = Roots::open(&[self.folder.path().join("in")]).unwrap();
        let manifest = format!("path,sha256,uploaded_at\n{}\n", self.rows.join("\n"));
        let manifest = (!self.rows.is_empty()).then(|| Manifest::parse("uploads.csv", manifest.as_bytes()).unwrap());
        let options = Options { hash_files: true, threads: 1, ..Options::default() };
        let mut builder = Builder::default();
        let consume = |batch: Vec<Found>| {
            batch.into_iter().for_each(|found| builder.add(found));
            Ok::<(), Infallible>(())
        };
        let Ok(ledgers) = read::read(&roots, &options, Vec::new, Vec::push, consume);
        let mut inventory = builder.finish(ledgers);
        let reopen = |inventory: &Inventory, sha256, occurrences: &[Occurrence]| {
            occurrences.iter().find_map(|o| read::reopen(&roots, &inventory.files[o.file as usize].place, sha256))
        };
        let list = HashSet::from_iter(self.listed);
        link::link(&mut inventory, |key| key.is_on(&list), reopen);
        let mut incident = Incident::built_in(incident::DEFAULT).unwrap();
        incident.cutoff = self.cutoff.map_or(incident.cutoff, time);
        let question = Question {
            incident: &incident,
            manifest: manifest.as_ref(),
            uploaded: self.uploaded.map(|t| parse_span(t).unwrap()),
            distrust_certificate_dates: self.distrust,
            known_compromised: self.listed.is_some().then_some(("pwned.txt", &list)),
            clock: Clock { now: time(self.now), as_of: time(self.as_of) },
        };
        let assessment = assess::assess(&inventory, &roots, &question);
        (inventory, assessment)
    }

    /// `want`: exposure, standing, verdict and deciding evidence; `says`: a part of the sentence that decides.
    fn certificate(self, certificate: &Cert, want: &str, says: &str) -> Self {
        let (inventory, assessment) = self.judge();
        let at = inventory.certificates.iter().position(|c| c.certificate.sha256 == certificate.sha256());
        let Some(at) = at else { return self.fail(&format!("{want:?} is wanted; the certificate was not found at all")) };
        let verdict = &assessment.certificates[at];
        let key = &assessment.keys[inventory.certificates[at].key as usize];
        let because = verdict.because.first().or_else(|| key.because.first());
        let got = format!("{} {} {}", key.exposure.as_str(), verdict.standing.as_str(), word(&verdict.verdict));
        self.compare(&got, because, want, says)
    }

    /// `want`: exposure and deciding evidence of a key.
    fn key(self, key: SpkiHash, want: &str, says: &str) -> Self {
        let (inventory, assessment) = self.judge();
        let Some(at) = inventory.keys.iter().position(|k| k.spki == key) else {
            return self.fail(&format!("{want:?} is wanted; the key was not found at all"));
        };
        let verdict = &assessment.keys[at];
        self.compare(verdict.exposure.as_str(), verdict.because.first(), want, says)
    }

    /// A finding with this code, on the evidence as a whole or on a reason.
    fn finding(self, code: &str) -> Self {
        let (_, assessment) = self.judge();
        let on_reasons = assessment.keys.iter().flat_map(|k| &k.because).chain(assessment.certificates.iter().flat_map(|c| &c.because));
        let found = on_reasons.flat_map(|b| b.findings.iter()).chain(assessment.findings.iter().map(|f| f.code)).any(|c| c.as_str() == code);
        if found { self } else { self.fail(&format!("no finding {code}")) }
    }

    fn no_finding(self, code: &str) -> Self {
        let (_, assessment) = self.judge();
        let found = assessment.keys.iter().flat_map(|k| &k.because).flat_map(|b| b.findings.iter()).any(|c| c.as_str() == code);
        if found { self.fail(&format!("finding {code}")) } else { self }
    }

    fn compare(self, got: &str, because: Option<&Because>, want: &str, says: &str) -> Self {
        let evidence = because.map_or_else(|| "none".to_owned(), |b| word(&b.evidence));
        let sentence = because.map_or("", |b| &b.says);
        let got = format!("{got} {evidence}");
        if got != want {
            return self.fail(&format!("wanted {want}\n       got {got}: {sentence}"));
        }
        if !sentence.contains(says) {
            return self.fail(&format!("wanted the words {says:?}\n       got {sentence:?}"));
        }
        self
    }

    fn fail(self, says: &str) -> Self {
        self.table.0.push(format!("{}:\n    {says}", self.name));
        self
    }
}

/// The name of an enum's value in records.
fn word(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

#[test]
fn manifest_rows_around_the_cutoff() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let one = |t: &mut Table, name, uploaded: &str, want: &str, says: &str| {
        t.case(name).file("a.pem", bundle(&l, &[])).row("a.pem", uploaded).certificate(&l, want, says);
    };
    let exposed = "exposed valid replace-and-revoke manifest";
    let unclear = "undetermined valid replace-and-revoke manifest";
    let clear = "not-exposed valid clear manifest";
    one(
        t,
        "row long before",
        BEFORE,
        exposed,
        "its private key lies in a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
    one(t, "one second before", "2016-10-31T23:59:59Z", exposed, "at 2016-10-31T23:59:59Z (uploads.csv:2), before the cutoff");
    // Exactly the cutoff is not exposed.
    one(t, "exactly the cutoff", "2016-11-01T00:00:00Z", clear, "at 2016-11-01T00:00:00Z (uploads.csv:2), at or after the cutoff");
    one(t, "one second after", "2016-11-01T00:00:01Z", clear, "at or after the cutoff");
    one(t, "row long after", AFTER, clear, "it was uploaded at 2017-06-01T00:00:00Z (uploads.csv:2), at or after the cutoff");
    // A zone makes a timestamp exact, wherever it is.
    one(t, "the cutoff, told by a clock in Tokyo", "2016-11-01T09:00:00+09:00", clear, "at 2016-11-01T00:00:00Z");
    one(t, "just before, told by a clock in New York", "2016-10-31T19:59:59-04:00", exposed, "at 2016-10-31T23:59:59Z");
    // A date covers its whole day in all zones: from 14 hours before midnight UTC to 12 hours after the end of the day.
    one(t, "date of the day before", "2016-10-31", unclear, "on 2016-10-31 of whatever time zone (uploads.csv:2), which can be before or after");
    one(t, "date two days before", "2016-10-30", exposed, "on 2016-10-30 of whatever time zone (uploads.csv:2), before the cutoff");
    one(t, "date of the cutoff", "2016-11-01", unclear, "on 2016-11-01 of whatever time zone");
    one(t, "date of the day after", "2016-11-02", clear, "on 2016-11-02 of whatever time zone");
    // So does a timestamp without a zone: -12 h to +14 h.
    one(t, "zone-less, just before", "2016-10-31T23:59:59", unclear, "between 2016-10-31T09:59:59Z and 2016-11-01T11:59:59Z");
    one(t, "zone-less, before everywhere", "2016-10-31T11:59:59", exposed, "and 2016-10-31T23:59:59Z (uploads.csv:2), before the cutoff");
    one(t, "zone-less, the cutoff in the west", "2016-10-31T12:00:00", unclear, "and 2016-11-01T00:00:00Z (uploads.csv:2), which can be");
    one(t, "zone-less, after everywhere", "2016-11-01T14:00:00", clear, "between 2016-11-01T00:00:00Z and");
    one(t, "zone-less, a second short of that", "2016-11-01T13:59:59", unclear, "between 2016-10-31T23:59:59Z and");
    one(t, "a span with both ends before", "2015-01-01T00:00:00Z..2015-02-01T00:00:00Z", exposed, "between 2015-01-01T00:00:00Z and 2015-02-01");
    one(t, "a span over the cutoff", "2016-01-01T00:00:00Z..2017-01-01T00:00:00Z", unclear, "before or after the cutoff");
    one(t, "seconds since 1970", "1433116800", exposed, "at 2015-06-01T00:00:00Z");
}

#[test]
fn several_rows_and_ways_to_name_a_file() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    // Several rows for one path span [min, max].
    t.case("two rows before").file("a.pem", &text).row("a.pem", BEFORE).row("a.pem", "2014-01-01T00:00:00Z").certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "it was uploaded between 2014-01-01T00:00:00Z and 2015-06-01T00:00:00Z (uploads.csv:2,3), before the cutoff",
    );
    t.case("rows on both sides").file("a.pem", &text).row("a.pem", BEFORE).row("a.pem", AFTER).certificate(
        &l,
        "undetermined valid replace-and-revoke manifest",
        "it was uploaded between 2015-06-01T00:00:00Z and 2017-06-01T00:00:00Z (uploads.csv:2,3), which can be before or after",
    );
    t.case("two rows after").file("a.pem", &text).row("a.pem", AFTER).row("a.pem", "2018-01-01T00:00:00Z").certificate(
        &l,
        "not-exposed valid clear manifest",
        "at or after the cutoff",
    );
    t.case("row by the hash of the file").file("a.pem", &text).row_for_hash(Fingerprint::of(text.as_bytes()), BEFORE).certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "(uploads.csv:2)",
    );
    t.case("row by the fingerprint of the certificate").file("a.pem", &text).row_for_hash(l.sha256(), BEFORE).certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "(uploads.csv:2)",
    );
    t.case("row by path, another by hash, straddling").file("a.pem", &text).row("a.pem", AFTER).row_for_hash(l.sha256(), BEFORE).certificate(
        &l,
        "undetermined valid replace-and-revoke manifest",
        "(uploads.csv:2,3)",
    );
    t.case("the path with a leading slash and backslashes").file("acme/a.pem", &text).row("\\acme\\.\\a.pem", BEFORE).certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "lies in acme/a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
    );
    for relative in [true, false] {
        let case = t.case(if relative { "row by path below the root" } else { "row by absolute path" }).file("acme/a.pem", &text);
        let path = if relative { "./acme//a.pem".to_owned() } else { case.folder.at("in/acme/a.pem") };
        case.row(&path, BEFORE).certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "lies in acme/a.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
        );
    }
    t.case("a row for another file says nothing of this one")
        .file("a.pem", &text)
        .row("b.pem", BEFORE)
        .certificate(
            &l,
            "undetermined valid replace-and-revoke certificate-dates",
            "nothing records its upload; the oldest certificate on it is of 2015-01-01",
        )
        .finding("manifest-row-unmatched")
        .finding("file-without-record");
    // A row with an open end: weaker kinds fill it.
    t.case("open row filled by the file time").changed("a.pem", &text, "2016-06-01T00:00:00Z").row("a.pem", "2015-06-01T00:00:00Z..").certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "between 2015-06-01T00:00:00Z and 2016-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
    t.case("open row that nothing fills").file("a.pem", &text).row("a.pem", "2015-06-01T00:00:00Z..").certificate(
        &l,
        "undetermined valid replace-and-revoke manifest",
        "between 2015-06-01T00:00:00Z and 2025-06-01T00:00:00Z (uploads.csv:2), which can be",
    );
    t.case("open row filled by --uploaded")
        .file("a.pem", &text)
        .row("a.pem", "..2017-01-01T00:00:00Z")
        .uploaded("2016-12-01T00:00:00Z..")
        .certificate(&l, "not-exposed valid clear manifest", "between 2016-12-01T00:00:00Z and 2017-01-01T00:00:00Z (uploads.csv:2), at or after");
}

#[test]
fn the_strongest_kind_decides() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("manifest beats --uploaded")
        .file("a.pem", &text)
        .row("a.pem", AFTER)
        .uploaded(BEFORE)
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)")
        .finding("evidence-disagrees");
    // A file that was changed before it was uploaded contradicts nothing but itself: the row decides, and the contradiction is told.
    t.case("manifest beats the file time")
        .changed("a.pem", &text, BEFORE)
        .row("a.pem", AFTER)
        .certificate(&l, "not-exposed valid clear manifest", "at 2017-06-01T00:00:00Z (uploads.csv:2), at or after")
        .finding("evidence-disagrees");
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("manifest beats certificate dates")
        .file("a.pem", bundle(&young, &[]))
        .row("a.pem", BEFORE)
        .certificate(&young, "exposed valid replace-and-revoke manifest", "at 2015-06-01T00:00:00Z (uploads.csv:2), before the cutoff")
        .finding("evidence-disagrees");
    t.case("--uploaded beats the file time")
        .changed("a.pem", &text, BEFORE)
        .uploaded(AFTER)
        .certificate(&l, "not-exposed valid clear uploaded", "it was uploaded at 2017-06-01T00:00:00Z (--uploaded), at or after")
        .finding("evidence-disagrees");
    t.case("--uploaded beats certificate dates").file("a.pem", bundle(&young, &[])).uploaded(BEFORE).certificate(
        &young,
        "exposed valid replace-and-revoke uploaded",
        "it was uploaded at 2015-06-01T00:00:00Z (--uploaded), before",
    );
    t.case("--uploaded with an open beginning before").file("a.pem", &text).uploaded("..2016-10-31T23:59:59Z").certificate(
        &l,
        "exposed valid replace-and-revoke uploaded",
        "at 2016-10-31T23:59:59Z or earlier (--uploaded), before the cutoff",
    );
    t.case("--uploaded with an open beginning reaching over").file("a.pem", &text).uploaded("..2017-01-01T00:00:00Z").certificate(
        &l,
        "undetermined valid replace-and-revoke uploaded",
        "at 2017-01-01T00:00:00Z or earlier (--uploaded), which can be before or after",
    );
    t.case("--uploaded with an open end at the cutoff").file("a.pem", &text).uploaded("2016-11-01T00:00:00Z..").certificate(
        &l,
        "not-exposed valid clear uploaded",
        "2016-11-01T00:00:00Z",
    );
    t.case("--uploaded as a bare date").file("a.pem", &text).uploaded("2016-10-30").certificate(
        &l,
        "exposed valid replace-and-revoke uploaded",
        "on 2016-10-30 of whatever time zone (--uploaded)",
    );
    t.case("another cutoff").file("a.pem", &text).row("a.pem", AFTER).cutoff("2018-01-01T00:00:00Z").certificate(
        &l,
        "exposed valid replace-and-revoke manifest",
        "at 2017-06-01T00:00:00Z (uploads.csv:2), before the cutoff",
    );
}

#[test]
fn file_times_are_upper_bounds() {
    let t = &mut Table::default();
    let l = leaked_leaf();
    let text = bundle(&l, &[]);
    t.case("file time before the cutoff").changed("a.pem", &text, "2016-06-01T00:00:00Z").certificate(
        &l,
        "exposed valid replace-and-revoke file-time",
        "its private key lies in a.pem; the file was last changed at 2016-06-01T00:00:00Z or earlier, so it was uploaded before the cutoff",
    );
    t.case("file time exactly the cutoff proves nothing").changed("a.pem", &text, "2016-11-01T00:00:00Z").certificate(
        &l,
        "undetermined valid replace-and-revoke certificate-dates",
        "the oldest certificate on it is of 2015-01-01",
    );
    t.case("file time after the cutoff proves nothing").file("a.pem", &text).certificate(
        &l,
        "undetermined valid replace-and-revoke certificate-dates",
        "before or after the cutoff",
    );
    t.case("file time before 2000 is ignored")
        .changed("a.pem", &text, "1980-01-01T00:00:00Z")
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records its upload")
        .finding("file-time-ignored");
    t.case("file time before its oldest certificate is ignored")
        .changed("a.pem", &text, "2014-06-01T00:00:00Z")
        .certificate(&l, "undetermined valid replace-and-revoke certificate-dates", "nothing records its upload")
        .finding("file-time-ignored");
    let young = leaf("young.example").from("2018-01-01").by(&public_ca());
    t.case("a young certificate in a file with an old time")
        .changed("a.pem", bundle(&young, &[]), BEFORE)
        .certificate(
            &young,
            "not-exposed valid clear certificate-dates",
            "the oldest certificate on it is of 2018-01-01, so it was uploaded at or after",
        )
        .finding("file-time-ignored");
    t.case("an ignored file time does not contradict a row")
        .changed("a.pem", &text, "1980-01-01T00:00:00Z")
        .row("a.pem", AFTER)
        .certificate(&l, "not-exposed valid clear manifest", "(uploads.csv:2)")
        .no_finding("evidence-disagrees");
    let bare = Key::new();
    t.case("bare key, file time before").changed("k.pem", bare.pem(), BEFORE).key(
        bare.spki(),
        "exposed file-time",
        "its private key lies in k.pem; the file was last changed at 2015-06-01T00:00:00Z or earlier",
    );
    t.case("bare key, file time after").file("k.pem", bare.pem()).key(
        bare.spki(),
        "undetermined file-time",
        "its private key lies in k.pem; nothing",
    );
}

#[test]
fn certificate_dates_come_last() {
    let t = &mut Table::default();
    let ca = public_ca();
    let old = leaf("a.example").by(&ca);
    let young = leaf("b.example").from("2018-01-01").by(&ca);
    t.case("oldest certificate after the cutoff")
        .file("b.pem", bundle(&young, &[]))
        .certificate(
            &young,
            "not-exposed valid clear certificate-dates",
            "nothing records its upload, but the oldest certificate on it is of 2018-01-01, so it was uploaded at or after the cutoff",
        )
        .finding("no-upload-record");
    t.case("oldest certificate exactly at the cutoff")
        .file("b.pem", bundle(&leaf("b.example").key(&young.key).from("2016-11-01T00:00:00Z").by(&ca), &[]))
        .key(young.key.spki(), "not-exposed certificate-dates", "2016-11-01");
    t.case("oldest certificate a second before it")
        .file("b.pem", bundle(&leaf("b.example").key(&young.key).from("2016-10-31T23:59:59Z").by(&ca), &[]))
        .key(young.key.spki(), "undetermined certificate-dates", "the oldest certificate on it is of 2016-10-31");
    t.case("certificate dates are not to be trusted").file("b.pem", bundle(&young, &[])).distrusting().certificate(
        &young,
        "undetermined valid replace-and-revoke certificate-dates",
        "nothing records its upload, and the dates of certificates are not to be trusted",
    );
    // The bound of a key is the oldest of all certificates on it in the whole inventory.
    let renewed = leaf("a.example").key(&old.key).serial(2).from("2019-01-01").by(&ca);
    t.case("renewed on the same key, the old certificate elsewhere")
        .file("new/a.pem", bundle(&renewed, &[]))
        .file("attic/a.pem", old.pem())
        .certificate(&renewed, "undetermined valid replace-and-revoke certificate-dates", "the oldest certificate on it is of 2015-01-01");
    // A notBefore later than now gives no bound.
    let future = leaf("f.example").from("2030-01-01").by(&ca);
    t.case("not valid before a time to come").file("f.pem", bundle(&future, &[])).certificate(
        &future,
        "undetermined not-yet-valid replace-and-revoke file-time",
        "nothing records its upload; it can have been before or after",
    );
    // as-of is never evidence: the same inventory, looked at from the future, has the same exposure.
    t.case("the same, as of later").file("f.pem", bundle(&future, &[])).looked_at("2031-01-01T00:00:00Z").certificate(
        &future,
        "undetermined valid replace-and-revoke file-time",
        "nothing records its upload",
    );
    t.case("as of before the cutoff changes no exposure").file("b.pem", bundle(&young, &[])).looked_at("2016-01-01T00:00:00Z").certificate(
        &young,
        "not-exposed not-yet-valid clear certificate-dates",
        "2018-01-01",
    );
    // A begin that cannot be read could be older than any other.
    let beginless = leaf("n.example").key(&young.key).from("2018-01-01").by(&ca).beginless(&ca.key);
    t.case("a certificate whose begin cannot be read takes the bound away").file("b.pem", bundle(&young, &[])).file("n.pem", beginless.pem()).key(
        young.key.spki(),
        "undetermined file-time",
        "nothing records its upload",
    );
    t.case("a second certificate from a time to come does not lift the bound")
        .file("a.pem", bundle(&young, &[]))
        .file("f.pem", leaf("f.example").key(&young.key).from("2030-01-01").by(&ca).pem())
        .key(young.key.spki(), "not-exposed certificate-dates", "the oldest certificate on it is of 2018-01-01");
    t.case("a bare key has no dates").file("k.pem", old.key.pem()).distrusting().key(old.key.spki(), "undetermined file-time", "nothing records");
}

#[test]
fn keys_that_are_not_in_the_file() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").by(&ca);
    t.case("leaf without its key, before").file("a.pem", l.pem()).row("a.pem", BEFORE).certificate(
        &l,
        "presumed valid replace-and-revoke manifest",
        "a certificate on it lies in a.pem, and an upload for TLS brings its key along; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
    );
    t.case("leaf without its key, after").file("a.pem", l.pem()).row("a.pem", AFTER).certificate(
        &l,
        "not-exposed valid clear manifest",
        "at or after the cutoff",
    );
    t.case("leaf without its key, no record").file("a.pem", l.pem()).certificate(
        &l,
        "undetermined valid replace-and-revoke certificate-dates",
        "an upload for TLS brings its key along",
    );
    t.case("leaf beside an encrypted key").file("a.pem", format!("{}{}", l.key.encrypted(), l.pem())).row("a.pem", BEFORE).certificate(
        &l,
        "presumed valid replace-and-revoke manifest",
        "a certificate on it lies in a.pem beside an encrypted private key; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
    );
    t.case("key in a file of its own")
        .file("acme/cert.pem", l.pem())
        .file("acme/key.pem", l.key.pem())
        .row("acme/cert.pem", BEFORE)
        .row("acme/key.pem", BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in acme/key.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:3)",
        );
    t.case("key under three names, one of them before")
        .file("a/1.pem", l.key.pem())
        .file("b/2.pem", bundle(&l, &[]))
        .file("c/3.pem", l.key.traditional().0)
        .row("a/1.pem", AFTER)
        .row("b/2.pem", AFTER)
        .row("c/3.pem", BEFORE)
        .certificate(
            &l,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in c/3.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:4)",
        );
    t.case("key under three names, none before")
        .file("a/1.pem", l.key.pem())
        .file("b/2.pem", bundle(&l, &[]))
        .file("c/3.pem", l.key.traditional().0)
        .uploaded(AFTER)
        .certificate(&l, "not-exposed valid clear uploaded", "at or after the cutoff");
    t.case("only a request").file("a.csr", l.key.request("a.example")).row("a.csr", BEFORE).key(
        l.key.spki(),
        "not-exposed public-only",
        "only its public half lies in a.csr",
    );
    t.case("only a bare public key").file("a.pub", l.key.public()).row("a.pub", BEFORE).key(l.key.spki(), "not-exposed public-only", "a.pub");
    t.case("a request beside the leaf changes nothing")
        .file("a.csr", l.key.request("a.example"))
        .file("a.pem", l.pem())
        .uploaded(BEFORE)
        .certificate(&l, "presumed valid replace-and-revoke uploaded", "a certificate on it lies in a.pem");
    t.case("bare key before").file("k.pem", l.key.pem()).row("k.pem", BEFORE).key(l.key.spki(), "exposed manifest", "its private key lies in k.pem");
    t.case("bare key after").file("k.pem", l.key.pem()).row("k.pem", AFTER).key(l.key.spki(), "not-exposed manifest", "at or after the cutoff");
    t.case("bare key in DER").file("k.der", l.key.der()).row("k.der", BEFORE).key(l.key.spki(), "exposed manifest", "lies in k.der");
    // The key is the unit: a certificate issued after the cutoff on a key uploaded before it is as compromised as the old one.
    let old = leaked_leaf();
    let new = reissued_after_cutoff(&old);
    let reissued = || bundle(&new, &[]);
    t.case("reissued on the leaked key")
        .file("2015.pem", bundle(&old, &[]))
        .file("2019.pem", reissued())
        .row("2015.pem", BEFORE)
        .row("2019.pem", "2019-02-01T00:00:00Z")
        .certificate(
            &new,
            "exposed valid replace-and-revoke manifest",
            "its private key lies in 2015.pem; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:2)",
        )
        .certificate(&old, "exposed valid replace-and-revoke manifest", "its private key lies in 2015.pem");
    t.case("reissued on the leaked key, the old one expired")
        .file("2015.pem", bundle(&leaf("leaked.example").key(&old.key).to("2017-01-01").by(&ca), &[]))
        .file("2019.pem", new.pem())
        .row("2015.pem", BEFORE)
        .row("2019.pem", AFTER)
        .certificate(&new, "exposed valid replace-and-revoke manifest", "lies in 2015.pem");
}

#[test]
fn standings() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").from("2015-01-01").to("2017-12-31T23:59:59Z").by(&ca);
    let text = bundle(&l, &[]);
    let one = |t: &mut Table, name, as_of, uploaded: &str, want: &str| {
        t.case(name).file("a.pem", &text).row("a.pem", uploaded).looked_at(as_of).certificate(&l, want, "(uploads.csv:2)");
    };
    one(t, "exposed and expired", NOW, BEFORE, "exposed expired expired manifest");
    one(t, "clear and expired", NOW, AFTER, "not-exposed expired clear manifest");
    one(t, "undetermined and expired", NOW, "2016-11-01", "undetermined expired expired manifest");
    // Valid up to and including notAfter, and from notBefore on.
    one(t, "the last second of validity", "2017-12-31T23:59:59Z", BEFORE, "exposed valid replace-and-revoke manifest");
    one(t, "one second later", "2018-01-01T00:00:00Z", BEFORE, "exposed expired expired manifest");
    one(t, "the first second of validity", "2015-01-01T00:00:00Z", BEFORE, "exposed valid replace-and-revoke manifest");
    one(t, "one second earlier", "2014-12-31T23:59:59Z", BEFORE, "exposed not-yet-valid replace-and-revoke manifest");
    let endless = leaf("e.example").by(&ca).endless(&ca.key);
    t.case("no end date readable, exposed").file("e.pem", bundle(&endless, &[])).row("e.pem", BEFORE).certificate(
        &endless,
        "exposed unknown replace-and-revoke manifest",
        "its private key lies in e.pem",
    );
    t.case("no end date readable, clear").file("e.pem", bundle(&endless, &[])).row("e.pem", AFTER).certificate(
        &endless,
        "not-exposed unknown clear manifest",
        "at or after the cutoff",
    );
}

#[test]
fn self_signed_certificates() {
    let t = &mut Table::default();
    let s = self_signed("s.example");
    t.case("self-signed CA:FALSE with its key").file("s.pem", bundle(&s, &[])).row("s.pem", BEFORE).certificate(
        &s,
        "exposed valid replace manifest",
        "its private key lies in s.pem",
    );
    t.case("self-signed CA:FALSE without its key").file("s.pem", s.pem()).row("s.pem", BEFORE).certificate(
        &s,
        "presumed valid replace manifest",
        "an upload for TLS brings its key along",
    );
    t.case("self-signed CA:FALSE, after").file("s.pem", bundle(&s, &[])).row("s.pem", AFTER).certificate(&s, "not-exposed valid clear manifest", "");
    let expired = leaf("s.example").to("2016-01-01").self_signed();
    t.case("self-signed and expired").file("s.pem", bundle(&expired, &[])).row("s.pem", BEFORE).certificate(
        &expired,
        "exposed expired expired manifest",
        "lies in s.pem",
    );
    let ca = leaf("s.example").authority().self_signed();
    t.case("self-signed CA:TRUE with its key").file("s.pem", bundle(&ca, &[])).row("s.pem", BEFORE).certificate(
        &ca,
        "exposed valid decide manifest",
        "its private key lies in s.pem",
    );
    t.case("self-signed CA:TRUE without its key").file("s.pem", ca.pem()).row("s.pem", BEFORE).certificate(
        &ca,
        "not-exposed valid clear chain-certificate",
        "a CA certificate on it lies in s.pem: intermediates in a bundle come without their keys",
    );
}

#[test]
fn authorities() {
    let t = &mut Table::default();
    let root = private_ca();
    let intermediate = intermediate_of(&root);
    let l = leaf("a.example").by(&intermediate);
    let clear_chain = "not-exposed valid clear chain-certificate";
    t.case("intermediate and root in a bundle")
        .file("a.pem", bundle(&l, &[&intermediate, &root]))
        .row("a.pem", BEFORE)
        .certificate(&intermediate, clear_chain, "intermediates in a bundle come without their keys")
        .certificate(&root, clear_chain, "a CA certificate on it lies in a.pem")
        .certificate(&l, "exposed valid replace-and-revoke manifest", "its private key lies in a.pem");
    t.case("intermediate whose own key was uploaded before")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", BEFORE)
        .certificate(
            &intermediate,
            "exposed valid decide manifest",
            "its private key lies in ca.key; it was uploaded at 2015-06-01T00:00:00Z (uploads.csv:3)",
        )
        .certificate(&l, "not-exposed valid reissue issuer-key", "the key of the CA above it, CN=Example Intermediate, is exposed: whoever holds it");
    t.case("intermediate whose own key was uploaded after")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", AFTER)
        .certificate(&intermediate, "not-exposed valid clear manifest", "its private key lies in ca.key")
        .certificate(&l, "not-exposed valid clear manifest", "");
    t.case("leaf two steps below an exposed root")
        .file("a.pem", bundle(&l, &[&intermediate, &root]))
        .file("root.key", root.key.pem())
        .row("a.pem", AFTER)
        .row("root.key", BEFORE)
        .certificate(&root, "exposed valid decide manifest", "its private key lies in root.key")
        .certificate(&intermediate, "not-exposed valid reissue issuer-key", "the key of the CA above it, CN=Example Private CA, is exposed")
        .certificate(&l, "not-exposed valid reissue issuer-key", "CN=Example Private CA, is exposed");
    let (listed, other) = (private_ca(), private_ca());
    let of_other = leaf("b.example").by(&other);
    t.case("two CAs of one name, the one that did not sign on the list")
        .file("x.pem", bundle(&of_other, &[&listed, &other]))
        .row("x.pem", AFTER)
        .listed(listed.key.spki())
        .certificate(&listed, "exposed valid decide list", "the list of compromised keys")
        .certificate(&of_other, "not-exposed valid clear manifest", "");
    t.case("two CAs of one name, the one that signed on the list")
        .file("x.pem", bundle(&of_other, &[&listed, &other]))
        .row("x.pem", AFTER)
        .listed(other.key.spki())
        .certificate(&of_other, "not-exposed valid reissue issuer-key", "is exposed: whoever holds it");
    t.case("leaf with an exposed key below an exposed CA")
        .file("a.pem", bundle(&l, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .uploaded(BEFORE)
        .certificate(&l, "exposed valid reissue issuer-key", "the key of the CA above it");
    let expired = leaf("a.example").from("2014-01-01").to("2016-01-01").by(&intermediate);
    t.case("expired leaf below an exposed CA")
        .file("a.pem", bundle(&expired, &[&intermediate]))
        .file("ca.key", intermediate.key.pem())
        .row("a.pem", AFTER)
        .row("ca.key", BEFORE)
        .certificate(&expired, "not-exposed expired clear issuer-key", "");
    let old_root = leaf("Example Private CA").authority().to("2016-06-01").self_signed();
    t.case("expired CA whose key was uploaded").file("ca.pem", bundle(&old_root, &[])).row("ca.pem", BEFORE).certificate(
        &old_root,
        "exposed expired expired manifest",
        "its private key lies in ca.pem",
    );
    // Names alone do not make an issuer where that decides something: a signature does.
    let v1 = named_ca("Old Root").version_1(&named_ca("unused").key);
    let v1 = v1.version_1(&v1.key);
    let below = leaf("b.example").by(&v1);
    t.case("version 1 root that issued another certificate here")
        .file("b.pem", bundle(&below, &[&v1]))
        .row("b.pem", BEFORE)
        .certificate(&v1, clear_chain, "a CA certificate on it lies in b.pem")
        .certificate(&below, "exposed valid replace-and-revoke manifest", "its private key lies in b.pem");
    t.case("version 1 root with its key uploaded")
        .file("b.pem", bundle(&below, &[]))
        .file("root.pem", bundle(&v1, &[]))
        .row("b.pem", AFTER)
        .row("root.pem", BEFORE)
        .certificate(&v1, "exposed valid decide manifest", "its private key lies in root.pem")
        .certificate(&below, "not-exposed valid reissue issuer-key", "CN=Old Root, is exposed");
    t.case("version 1 self-signed certificate that issued nothing").file("v1.pem", v1.pem()).row("v1.pem", BEFORE).certificate(
        &v1,
        "presumed valid replace manifest",
        "an upload for TLS brings its key along",
    );
    let stranger = self_signed("Old Root");
    let stranger = stranger.version_1(&stranger.key);
    t.case("certificate named like an issuer whose signature it is not").file("x.pem", chain(&[&stranger, &below])).row("x.pem", BEFORE).certificate(
        &stranger,
        "presumed valid replace manifest",
        "an upload for TLS brings its key along",
    );
    let impostor = named_ca("Example Intermediate");
    let plain = leaf("p.example").by(&intermediate_of(&root));
    t.case("exposed CA of the same name that did not sign it")
        .file("p.pem", bundle(&plain, &[]))
        .file("impostor.pem", bundle(&impostor, &[]))
        .row("p.pem", AFTER)
        .row("impostor.pem", BEFORE)
        .certificate(&impostor, "exposed valid decide manifest", "its private key lies in impostor.pem")
        .certificate(&plain, "not-exposed valid clear manifest", "");
}

#[test]
fn lists_and_shared_factors() {
    let t = &mut Table::default();
    let ca = public_ca();
    let l = leaf("a.example").from("2018-01-01").by(&ca);
    t.case("key on the list, whatever the dates").file("a.pem", l.pem()).row("a.pem", AFTER).listed(l.key.spki()).certificate(
        &l,
        "exposed valid replace-and-revoke list",
        "the list of compromised keys \"pwned.txt\" names it",
    );
    let (other_form, raw) = compressed(&l.key);
    t.case("key on the list by the hash of another form that was met")
        .file("a.pem", l.pem())
        .file("a.pub", other_form)
        .row("a.pem", AFTER)
        .listed(raw)
        .certificate(&l, "exposed valid replace-and-revoke list", "pwned.txt");
    t.case("another key on the list").file("a.pem", l.pem()).row("a.pem", AFTER).listed(Key::new().spki()).certificate(
        &l,
        "not-exposed valid clear manifest",
        "(uploads.csv:2)",
    );
    let root = private_ca();
    t.case("CA key on the list")
        .file("ca.pem", chain(&[&root, &leaf("b.example").by(&root)]))
        .row("ca.pem", AFTER)
        .listed(root.key.spki())
        .certificate(&root, "exposed valid decide list", "pwned.txt");
    let below = leaf("b.example").by(&root);
    t.case("leaf below a CA whose key is on the list")
        .file("ca.pem", chain(&[&root, &below]))
        .row("ca.pem", AFTER)
        .listed(root.key.spki())
        .certificate(&below, "not-exposed valid reissue issuer-key", "CN=Example Private CA, is exposed");
    // RSA keys with the same n and another e are one compromise.
    let rsa = Key::rsa();
    let sibling = RsaPublic::with_exponent(&rsa, 3);
    let first = leaf("r.example").key(&rsa).by(&ca);
    let second = leaf("r3.example").on_public_by(&sibling, &ca);
    t.case("same modulus, other exponent")
        .file("r.pem", bundle(&first, &[]))
        .file("r3.pem", second.pem())
        .row("r.pem", BEFORE)
        .row("r3.pem", AFTER)
        .certificate(&second, "exposed valid replace-and-revoke shared-factor", "it has the modulus of the key")
        .key(sibling.spki(), "exposed shared-factor", &rsa.spki().to_string());
}

#[test]
fn one_modulus_is_one_compromise_when_it_is_only_presumed() {
    let t = &mut Table::default();
    let ca = public_ca();
    let rsa = Key::rsa();
    let first = leaf("r.example").key(&rsa).by(&ca);
    let second = leaf("r3.example").on_public_by(&RsaPublic::with_exponent(&rsa, 3), &ca);
    t.case("same modulus, other exponent, the first one presumed")
        .file("r.pem", first.pem())
        .file("r3.pem", second.pem())
        .row("r.pem", BEFORE)
        .row("r3.pem", AFTER)
        .certificate(&first, "presumed valid replace-and-revoke manifest", "")
        .certificate(&second, "presumed valid replace-and-revoke shared-factor", "");
}

#[test]
fn sources_name_the_line_however_lines_end() {
    for end in ["\n", "\r\n"] {
        let text = ["path,uploaded_at", "a.pem,2015-06-01", "b.pem,soon", ""].join(end);
        let manifest = Manifest::parse("uploads.csv", text.as_bytes()).unwrap();
        let lines = (manifest.rows[0].line, manifest.findings[0].place.as_str());
        assert_eq!(lines, (2, "uploads.csv:3"), "lines end in {end:?}");
    }
}
