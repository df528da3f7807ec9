//! Dates in paths: a pattern such as `{YYYY}/{MM}/{DD}`, looked for anywhere in a path.

use crate::read::INTO;
use crate::time::{DAY, Span, Time, Written};

/// A pattern of `--date-from-path`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPattern(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Number(Unit),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
}

/// Names of the parts of a pattern, each with as many digits as it has letters.
const UNITS: [(&str, Unit, usize); 6] = [
    ("{YYYY}", Unit::Year, 4),
    ("{MM}", Unit::Month, 2),
    ("{DD}", Unit::Day, 2),
    ("{hh}", Unit::Hour, 2),
    ("{mm}", Unit::Minute, 2),
    ("{ss}", Unit::Second, 2),
];

/// What a pattern says of a path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PathDate {
    /// Nothing in it looks like the pattern.
    Absent,
    /// Something does, and is no date.
    Impossible,
    /// The span of all dates found.
    Found(Span),
}

impl PathPattern {
    /// Reads a pattern.
    ///
    /// # Errors
    /// The text of what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            if at > 0 {
                parts.push(Part::Text(rest[..at].to_owned()));
            }
            let unit = UNITS.iter().find(|(name, _, _)| rest[at..].starts_with(name));
            let (name, unit, _) = unit.ok_or_else(|| {
                format!("{text:?}: there are {{YYYY}}, {{MM}}, {{DD}}, {{hh}}, {{mm}} and {{ss}}")
            })?;
            parts.push(Part::Number(*unit));
            rest = &rest[at + name.len()..];
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        let mut units: Vec<usize> = parts
            .iter()
            .filter_map(|p| if let Part::Number(u) = p { Some(*u as usize) } else { None })
            .collect();
        units.sort_unstable();
        // Each at most once, and none without the larger ones.
        if units.is_empty() || units.iter().enumerate().any(|(i, u)| i != *u) {
            return Err(format!(
                "{text:?} needs {{YYYY}}, with {{MM}} for {{DD}}, {{DD}} for {{hh}}, and so on, each once"
            ));
        }
        Ok(Self(parts))
    }

    /// Looks for dates in a path relative to its root.
    #[must_use]
    pub fn look(&self, path: &str) -> PathDate {
        let mut out = PathDate::Absent;
        for (at, _) in path.char_indices() {
            // A number is found whole: 12015 holds no 2015.
            let cut = path[..at].ends_with(|c: char| c.is_ascii_digit())
                && path[at..].starts_with(|c: char| c.is_ascii_digit());
            let Some(fields) = (!cut).then(|| self.at(&path[at..])).flatten() else { continue };
            out = match (out, span(fields)) {
                (PathDate::Found(a), Some(b)) => PathDate::Found(a.hull(b)),
                (_, Some(span)) => PathDate::Found(span),
                (PathDate::Absent, None) => PathDate::Impossible,
                (before, None) => before,
            };
        }
        out
    }

    /// Looks for dates in a path relative to its root and in the way into the archive that lies there.
    /// Archives are named for the day when they were packed: that what lies in them was uploaded until then
    /// is all that their dates tell. One that is older than the date of what lies in it makes a span with
    /// that, unless that has not come yet.
    #[must_use]
    pub fn look_within(&self, path: &str, member: &str, now: Time) -> PathDate {
        let (archives, name) = member.rsplit_once(INTO).unwrap_or(("", member));
        let packed =
            std::iter::once(path).chain(archives.split(INTO)).filter_map(|part| match self.look(part) {
                PathDate::Found(span) => Some(span),
                PathDate::Absent | PathDate::Impossible => None,
            });
        let packed = packed.filter(|span| span.latest.is_some()).min_by_key(|span| span.latest);
        match (self.look(&format!("{INTO}{name}")), packed) {
            (PathDate::Found(own), Some(packed))
                if packed.latest < own.earliest && own.earliest <= Some(now) =>
            {
                PathDate::Found(own.hull(packed))
            }
            (PathDate::Absent, Some(packed)) => PathDate::Found(Span { earliest: None, ..packed }),
            (own, _) => own,
        }
    }

    /// The fields at the beginning of a text.
    fn at(&self, text: &str) -> Option<[Option<u32>; 6]> {
        let mut fields = [None; 6];
        let mut rest = text;
        for part in &self.0 {
            match part {
                Part::Text(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Number(unit) => {
                    let digits = rest
                        .get(..UNITS[*unit as usize].2)
                        .filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
                    fields[*unit as usize] = digits.parse().ok();
                    rest = &rest[digits.len()..];
                }
            }
        }
        let ends_in_number = matches!(self.0.last(), Some(Part::Number(_)));
        (!(ends_in_number && rest.starts_with(|c: char| c.is_ascii_digit()))).then_some(fields)
    }
}

/// The span of a date in all zones: a year or month alone is all of it.
fn span([year, month, day, hour, minute, second]: [Option<u32>; 6]) -> Option<Span> {
    let year = i32::try_from(year?).ok().filter(|y| *y > 0)?;
    let begin = Time::from_fields(
        year,
        month.unwrap_or(1),
        day.unwrap_or(1),
        hour.unwrap_or(0),
        minute.unwrap_or(0),
        second.unwrap_or(0),
    )?;
    if hour.is_some() {
        let length = if minute.is_none() {
            3_599
        } else if second.is_none() {
            59
        } else {
            0
        };
        return Some(Written::Local(begin).span().hull(Written::Local(begin.plus(length)).span()));
    }
    let last = match (month, day) {
        (_, Some(_)) => begin,
        (Some(12) | None, None) => Time::from_fields(year, 12, 31, 0, 0, 0)?,
        (Some(month), None) => Time::from_fields(year, month + 1, 1, 0, 0, 0)?.plus(-DAY),
    };
    Some(Written::Date(begin).span().hull(Written::Date(last).span()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(pattern: &str, path: &str) -> PathDate {
        PathPattern::parse(pattern).unwrap().look(path)
    }

    fn days(from: &str, to: &str) -> PathDate {
        let of = |t: &str| Written::parse(t).unwrap().span();
        PathDate::Found(of(from).hull(of(to)))
    }

    #[test]
    fn dates_are_found_anywhere_in_a_path() {
        let day = days("2015-06-01", "2015-06-01");
        assert_eq!(look("{YYYY}/{MM}/{DD}", "in/2015/06/01/a.pem"), day);
        assert_eq!(look("{YYYY}-{MM}-{DD}", "acme/tls-2015-06-01.pem"), day);
        assert_eq!(look("{YYYY}{MM}{DD}", "20150601.pem"), day);
        assert_eq!(look("up_{DD}.{MM}.{YYYY}", "up_01.06.2015"), day);
        assert_eq!(look("{YYYY}/{MM}", "2015/02/a.pem"), days("2015-02-01", "2015-02-28"));
        assert_eq!(look("{YYYY}", "a/2015/b"), days("2015-01-01", "2015-12-31"));
        assert_eq!(
            look("{YYYY}/{MM}", "2015/12/2016/01/a"),
            days("2015-12-01", "2016-01-31"),
            "two dates span"
        );
        let clock = look("{YYYY}{MM}{DD}T{hh}{mm}", "20150601T1030.pem");
        let of = |t: &str| Written::parse(t).unwrap().span();
        assert_eq!(clock, PathDate::Found(of("2015-06-01T10:30:00").hull(of("2015-06-01T10:30:59"))));
    }

    #[test]
    fn what_is_no_date_is_none() {
        assert_eq!(look("{YYYY}/{MM}/{DD}", "2015/02/30/a.pem"), PathDate::Impossible);
        assert_eq!(look("{YYYY}/{MM}/{DD}", "2015/13/01/a.pem"), PathDate::Impossible);
        assert_eq!(look("{YYYY}/{MM}/{DD}", "acme/a.pem"), PathDate::Absent);
        assert_eq!(look("{YYYY}{MM}{DD}", "120150601.pem"), PathDate::Absent, "part of a longer number");
        assert_eq!(look("{YYYY}{MM}{DD}", "201506011.pem"), PathDate::Absent);
        assert_eq!(look("{YYYY}", "\u{fc}\u{65e5}"), PathDate::Absent);
    }

    #[test]
    fn what_lies_in_an_archive_was_uploaded_by_the_day_it_was_packed() {
        let pattern = PathPattern::parse("{YYYY}-{MM}-{DD}").unwrap();
        let now = Time::from_fields(2026, 11, 26, 0, 0, 0).unwrap();
        let within = |path: &str, member: &str| pattern.look_within(path, member, now);
        let day = |t: &str| days(t, t);
        let until = |t: &str| match day(t) {
            PathDate::Found(span) => PathDate::Found(Span { earliest: None, ..span }),
            other => other,
        };
        assert_eq!(within("backup.zip", "acme/2015-01-01/tls.pem"), day("2015-01-01"));
        assert_eq!(
            within("2026-11-01/backup.zip", "acme/2015-01-01/tls.pem"),
            day("2015-01-01"),
            "packed later"
        );
        assert_eq!(within("backup-2018-01-01.zip", "acme/tls.pem"), until("2018-01-01"));
        assert_eq!(
            within("2013-01-01.zip", "acme/2015-01-01/tls.pem"),
            days("2013-01-01", "2015-01-01"),
            "packed before it was there"
        );
        assert_eq!(within("2017-01-01.tar", "2016-01-01.zip!/2015-01-01/a.pem"), day("2015-01-01"));
        assert_eq!(
            within("2017-01-01.tar", "2016-01-01.zip!/a.pem"),
            until("2016-01-01"),
            "the first packing tells most"
        );
        assert_eq!(
            within("2018-01-01.tar", "2099-01-01/a.pem"),
            day("2099-01-01"),
            "what has not come yet makes no span"
        );
        for path in ["2017-01-01.tar", "a.tar"] {
            assert_eq!(within(path, "2015-02-30/a.pem"), PathDate::Impossible, "{path}");
        }
        assert_eq!(within("a.tar", "a.pem"), PathDate::Absent);
        let pattern = PathPattern::parse("/{YYYY}/{MM}/{DD}").unwrap();
        assert_eq!(pattern.look_within("a.tar", "2015/01/01/a.pem", now), day("2015-01-01"));
    }

    #[test]
    fn patterns_that_say_no_date_are_refused() {
        for wrong in ["", "x", "{MM}", "{YYYY}{DD}", "{YYYY}{YYYY}", "{YY}", "{YYYY", "%Y"] {
            assert!(PathPattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
