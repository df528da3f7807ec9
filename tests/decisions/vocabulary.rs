//! Every value of the decisions with its name in records and what follows from it, as one table.

use std::fmt::Write as _;

use certrecall::assess::manifest::Field;
use certrecall::assess::{Exposure, Kind, Standing, Verdict};
use certrecall::plan::ca::{Confidence, Reach, SerialForm, Sort};
use certrecall::plan::progress::Mark;
use certrecall::plan::{Status, StepKind};

use crate::blocks::hold;

/// Names that are true of a value.
fn of(notes: &[(&str, bool)]) -> String {
    notes.iter().filter(|(_, holds)| *holds).map(|(name, _)| format!(" {name}")).collect()
}

#[test]
fn every_value_has_its_name_and_what_follows_from_it() {
    hold("vocabulary.txt", |what| {
        let mut out = String::new();
        let mut line = |text: String| writeln!(out, "{text}").unwrap();
        match what {
            "exposures" => {
                for e in Exposure::ALL {
                    assert_eq!(Exposure::named(e.as_str()), Some(*e));
                    line(format!("{}{}", e.as_str(), of(&[("suspect", e.is_suspect())])));
                }
                assert_eq!(Exposure::named("nothing"), None);
            }
            "standings" => {
                for s in [
                    Standing::Unknown,
                    Standing::Expired,
                    Standing::Revoked,
                    Standing::NotYetValid,
                    Standing::Valid,
                ] {
                    line(format!("{}{}", s.as_str(), of(&[("live", s.is_live())])));
                }
            }
            "verdicts" => {
                use Verdict::{Clear, Decide, Expired, Reissue, Replace, ReplaceAndRevoke, Revoked};
                for v in [Decide, Reissue, ReplaceAndRevoke, Replace, Expired, Revoked, Clear] {
                    line(format!("{}{}", v.as_str(), of(&[("asks for action", v.asks_for_action())])));
                }
            }
            "evidence" => {
                for k in Kind::ALL {
                    assert_eq!(Kind::named(k.as_str()), Some(*k));
                    line(k.as_str().to_owned());
                }
                assert_eq!(Kind::named("nothing"), None);
            }
            "steps" => {
                for k in StepKind::ALL {
                    assert_eq!(k.as_str().parse(), Ok(k));
                    line(k.as_str().to_owned());
                }
                line("nothing".parse::<StepKind>().unwrap_err());
            }
            "statuses" => {
                for s in [Status::Waiting, Status::Ready, Status::Done, Status::Waived, Status::Failed] {
                    line(format!("{}{}", s.as_str(), of(&[("over", s.is_over())])));
                }
            }
            "marks" => {
                for (name, mark) in Mark::VALUES {
                    assert_eq!((mark.as_str(), name.parse()), (*name, Ok(*mark)));
                    line((*name).to_owned());
                }
                line("nothing".parse::<Mark>().unwrap_err());
            }
            "confidence" => {
                use Confidence::{Conflicting, Host, Key, KeyIdentifier, KeyOfSubordinate, Name, Unknown};
                for c in [Key, KeyOfSubordinate, Host, KeyIdentifier, Name, Conflicting, Unknown] {
                    line(format!("{}: {}{}", c.as_str(), c.describe(), of(&[("may send", c.may_send())])));
                }
            }
            "sorts and reach" => {
                for s in
                    [Sort::TlsServer, Sort::TlsClient, Sort::Smime, Sort::CodeSigning, Sort::Ca, Sort::Other]
                {
                    line(s.as_str().to_owned());
                }
                for r in [Reach::Public, Reach::Private, Reach::SelfSigned, Reach::Unknown] {
                    line(r.as_str().to_owned());
                }
            }
            "columns" => {
                for field in Field::ALL {
                    line(format!("{}: {}", field.as_str(), field.usual().join(" ")));
                }
            }
            "serial numbers" => {
                use SerialForm::{ColonHex, Decimal, Hex, UpperHex};
                for content in [&[0x0a, 0xbc, 0x1d][..], &[0xff, 0x01], &[0x00], &[0x00, 0x80]] {
                    let serial = certrecall::id::Serial::from_content(content);
                    let forms: Vec<String> =
                        [Decimal, Hex, UpperHex, ColonHex].into_iter().map(|f| f.write(&serial)).collect();
                    line(forms.join(" "));
                }
            }
            other => panic!("{other}"),
        }
        out
    });
}
