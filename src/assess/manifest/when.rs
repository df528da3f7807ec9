//! Upload times as exports write them. What a form leaves open (zone, time of day, day or month first) stays open.

use crate::time::{Span, Time, Written};

/// A time read from a manifest.
pub(crate) struct When {
    pub(crate) span: Span,
    /// Whether day and month can be told apart no better than by a guess; the span holds both readings.
    pub(crate) ambiguous: bool,
}

/// Reads any of the forms listed in `docs/manifest.md`.
///
/// # Errors
/// The text of what is wrong.
pub(crate) fn read(text: &str) -> Result<When, String> {
    let sure = |span| Ok(When { span, ambiguous: false });
    if let Some(span) = epoch(text) {
        return sure(span);
    }
    let plain = super::parse_span(text);
    if let Ok(span) = plain {
        return sure(span);
    }
    if let Some((from, to)) = text.split_once("..").filter(|(from, to)| !from.trim().is_empty() && !to.trim().is_empty()) {
        let (from, to) = (read(from)?, read(to)?);
        let ambiguous = from.ambiguous || to.ambiguous;
        let span = Span { earliest: from.span.earliest, latest: to.span.latest };
        return if span.earliest > span.latest { Err(format!("{text:?} ends before it begins")) } else { Ok(When { span, ambiguous }) };
    }
    let readings: Vec<Span> = rewritten(text).iter().filter_map(|t| Written::parse(t).ok()).map(Written::span).collect();
    match readings.split_first() {
        Some((first, rest)) => {
            Ok(When { span: rest.iter().fold(*first, |s, r| s.hull(*r)), ambiguous: !rest.is_empty() && calendar(text.trim()).is_none() })
        }
        None => plain.and_then(sure),
    }
}

/// Several values that mean the same: the span of all of them.
///
/// # Errors
/// As [`read`], of the first that is wrong.
pub(super) fn all<'t>(mut values: impl Iterator<Item = &'t str>) -> Result<When, String> {
    let first = read(values.next().unwrap_or_default())?;
    values.try_fold(first, |all, value| {
        let value = read(value)?;
        Ok(When { span: all.span.hull(value.span), ambiguous: all.ambiguous || value.ambiguous })
    })
}

/// Seconds, milliseconds or microseconds since 1970, as exports of databases have them.
fn epoch(text: &str) -> Option<Span> {
    if calendar(text).is_some() {
        return None;
    }
    let whole = text.split_once('.').map_or(text, |(whole, fraction)| if fraction.bytes().all(|b| b.is_ascii_digit()) { whole } else { text });
    let number: i64 = whole.parse().ok().filter(|_| whole.bytes().all(|b| b.is_ascii_digit()))?;
    match whole.len() {
        9 | 10 => Some(Span::at(Time::from_unix(number))),
        12 | 13 => Some(Span::at(Time::from_unix(number / 1_000))),
        15 | 16 => Some(Span::at(Time::from_unix(number / 1_000_000))),
        _ => None,
    }
}

/// `20161031220000`, `201610312200` and `2016103122`, where they can be: as a number each would be a time that no upload has.
fn calendar(text: &str) -> Option<[&str; 4]> {
    if !matches!(text.len(), 10 | 12 | 14) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
    let (date, clock) = text.split_at(8);
    let can_be = (1990..2100).contains(&number(&date[..4])) && (1..=12).contains(&number(&date[4..6])) && (1..=31).contains(&number(&date[6..]));
    let clock_can_be = number(&clock[..2]) < 24 && (2..clock.len()).step_by(2).all(|at| number(&clock[at..at + 2]) < 60);
    (can_be && clock_can_be).then(|| [date, &clock[..2], clock.get(2..4).unwrap_or("00"), clock.get(4..6).unwrap_or("")])
}

/// A text in other forms as ISO 8601; two of them where day and month cannot be told apart.
fn rewritten(text: &str) -> Vec<String> {
    let text = text.trim();
    if !text.is_ascii() || text.len() > 64 {
        return Vec::new();
    }
    if text.bytes().any(|b| b.is_ascii_alphabetic())
        && let Some(found) = named_month(text)
    {
        return vec![found];
    }
    if let Some([date, hour, minute, second]) = calendar(text) {
        let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
        let of = |minute: &str, second: &str| format!("{day}T{hour}:{minute}:{second}");
        // An hour or a minute alone is all of it.
        return match (text.len(), second) {
            (10, _) => vec![of("00", "00"), of("59", "59")],
            (12, _) => vec![of(minute, "00"), of(minute, "59")],
            (_, second) => vec![of(minute, second)],
        };
    }
    let (date, rest) = text.split_at(text.find([' ', 'T', 't', ',']).unwrap_or(text.len()));
    let digits = date.trim_end_matches(['Z', 'z']);
    if digits.bytes().all(|b| b.is_ascii_digit()) {
        return compact(digits, &text[digits.len()..]).into_iter().collect();
    }
    let parts: Vec<&str> = date.split(['/', '.', '-']).collect();
    let &[a, b, c] = parts.as_slice() else { return Vec::new() };
    let clock = clock(rest.trim_start_matches([' ', 'T', 't', ',']));
    let iso = |y: &str, m: &str, d: &str| clock.as_ref().map(|clock| format!("{y}-{m:0>2}-{d:0>2}{clock}"));
    let found = match (a.len(), c.len()) {
        (4, _) => vec![iso(a, b, c)],
        (_, 4) if date.contains('.') || a == b => vec![iso(c, b, a)],
        // Both ways; what is no month falls out when it is read.
        (_, 4) => vec![iso(c, a, b), iso(c, b, a)],
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

/// `20161031`, `20161031220000`, `20161031T220000Z`.
fn compact(digits: &str, rest: &str) -> Option<String> {
    let (date, clock) = match digits.len() {
        8 => (digits, rest.trim_start_matches(['T', 't', ' '])),
        14 => (&digits[..8], &digits[8..]),
        _ => return None,
    };
    let zone = if digits.len() == 14 { rest } else { "" };
    let cut = clock.find(|c: char| !c.is_ascii_digit()).unwrap_or(clock.len());
    let (time, tail) = clock.split_at(cut);
    let time = match time.len() {
        0 if tail.is_empty() => String::new(),
        4 => format!("T{}:{}", &time[..2], &time[2..]),
        6 => format!("T{}:{}:{}", &time[..2], &time[2..4], &time[4..]),
        _ if tail.starts_with(':') => format!("T{clock}"),
        _ => return None,
    };
    let tail = if time.contains(tail) { "" } else { tail };
    Some(format!("{}-{}-{}{time}{tail}{}", &date[..4], &date[4..6], &date[6..], zone.trim()))
}

/// `Mon, 31 Oct 2016 22:00:00 GMT` (RFC 5322), `31-Oct-2016`, `October 31, 2016 10:00 PM`, `Oct 31 22:00:00 2016 GMT`.
fn named_month(text: &str) -> Option<String> {
    const MONTHS: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    const LONG: [&str; 12] =
        ["january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december"];
    const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let (mut year, mut month, mut day, mut rest) = (None, None, None, Vec::new());
    for word in text.split([' ', ',']).flat_map(|w| if w.bytes().any(|b| b.is_ascii_alphabetic()) { w.split('-').collect() } else { vec![w] }) {
        let lower = word.to_ascii_lowercase();
        let number = word.bytes().all(|b| b.is_ascii_digit());
        match word.len() {
            0 => {}
            4 if number && year.is_none() && ("1900"..="2199").contains(&word) => year = Some(word),
            // `31 Oct 2016 1530`: a time of day is meant.
            4 if number => rest.push(word),
            1 | 2 if number && day.is_none() => day = Some(word),
            _ if let Some(at) = MONTHS.iter().zip(LONG).position(|(s, l)| lower == *s || lower == l || (lower == "sept" && *s == "sep")) => {
                month = Some(at + 1);
            }
            _ if DAYS.iter().any(|d| lower.starts_with(d) && (lower.len() == 3 || lower.ends_with("day"))) => {}
            _ => rest.push(word),
        }
    }
    Some(format!("{}-{:02}-{:0>2}{}", year?, month?, day?, clock(&rest.join(" "))?))
}

/// `10:05 PM`, `9:00`, `22:00:00 +0100` as the part of ISO 8601 behind the date.
fn clock(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let Some(time) = words.next() else { return Some(String::new()) };
    let whole = time.len() == 4 && time.bytes().all(|b| b.is_ascii_digit());
    let time = if whole { format!("{}:{}", &time[..2], &time[2..]) } else { time.to_owned() };
    let mut tail: Vec<&str> = words.collect();
    let half = tail.first().map(|w| w.to_ascii_lowercase()).filter(|w| w == "am" || w == "pm");
    let (hour, behind) = time.split_once(':')?;
    let mut number: u32 = hour.parse().ok()?;
    if let Some(half) = half {
        tail.remove(0);
        number = (1..=12).contains(&number).then_some(number % 12 + if half == "pm" { 12 } else { 0 })?;
    }
    Some(format!("T{number:02}:{behind}{}{}", if tail.is_empty() { "" } else { " " }, tail.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_moment_in_many_forms() {
        let want = Span::at(Written::parse("2016-10-31T22:05:00Z").unwrap().as_utc());
        for text in [
            "2016-10-31T22:05:00Z",
            "2016-10-31 22:05 UTC",
            "2016/10/31 22:05:00Z",
            "31.10.2016 23:05:00 +0100",
            "10/31/2016 10:05 PM UTC",
            "31/10/2016 22:05 GMT",
            "31 Oct 2016 22:05:00 +0000",
            "Mon, 31 Oct 2016 22:05:00 GMT",
            "Oct 31 22:05:00 2016 GMT",
            "Mon Oct 31 22:05:00 UTC 2016",
            "October 31, 2016 10:05:00 pm UTC",
            "20161031T220500Z",
            "20161031220500Z",
            "1477951500",
            "1477951500.25",
            "1477951500000",
            "1477951500000000",
        ] {
            let when = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((when.span, when.ambiguous), (want, false), "{text}");
        }
        let day = Written::parse("2016-10-31").unwrap().span();
        for text in ["2016-10-31", "2016/10/31", "31.10.2016", "10/31/2016", "31-10-2016", "31-Oct-2016", "20161031", "Monday, 31 October 2016"] {
            assert_eq!(read(text).unwrap().span, day, "{text}");
        }
    }

    #[test]
    fn day_or_month_first_stays_open() {
        let when = read("03/04/2016").unwrap();
        let of = |text: &str| Written::parse(text).unwrap().span();
        assert_eq!((when.span, when.ambiguous), (of("2016-03-04").hull(of("2016-04-03")), true));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "=TODAY()",
            "#REF!",
            "31.02.2016",
            "13/13/2016",
            "1/2/16",
            "42675",
            "2016-10-31T25:00:00Z",
            "Oct 2016",
            "10/31/2016 13:00 PM",
            "x y z",
            "20161331",
            "a.b.c",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
