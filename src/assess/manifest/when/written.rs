//! Forms of dates and times, rewritten as ISO 8601.

use super::order::Order;
use crate::time::{DAY, HOUR};

/// `20161031220000`, `201610312200` and `2016103122`, where they can be: as a number each would be a time
/// that no upload has.
pub(super) fn calendar(text: &str) -> Option<[&str; 4]> {
    if !matches!(text.len(), 10 | 12 | 14) || !text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let number = |part: &str| part.parse::<u32>().unwrap_or(u32::MAX);
    let (date, clock) = text.split_at(8);
    let can_be = (1990..2100).contains(&number(&date[..4]))
        && (1..=12).contains(&number(&date[4..6]))
        && (1..=31).contains(&number(&date[6..]));
    let clock_can_be =
        number(&clock[..2]) < 24 && (2..clock.len()).step_by(2).all(|at| number(&clock[at..at + 2]) < 60);
    (can_be && clock_can_be)
        .then(|| [date, &clock[..2], clock.get(2..4).unwrap_or("00"), clock.get(4..6).unwrap_or("")])
}

/// A text in other forms as ISO 8601; two of them where day and month cannot be told apart.
pub(super) fn rewritten(text: &str, order: Option<Order>) -> Vec<String> {
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
    let Some([a, b, c]) = parts(date) else { return Vec::new() };
    let clock = clock(rest.trim_start_matches([' ', 'T', 't', ',']));
    let iso = |y: &str, m: &str, d: &str| clock.as_ref().map(|clock| format!("{y}-{m:0>2}-{d:0>2}{clock}"));
    let found = match (a.len(), c.len()) {
        (4, _) => vec![iso(a, b, c)],
        (_, 4) if date.contains('.') || a == b => vec![iso(c, b, a)],
        (_, 4) => match order {
            Some(Order::DayFirst) => vec![iso(c, b, a)],
            Some(Order::MonthFirst) => vec![iso(c, a, b)],
            // Both ways; what is no month falls out when it is read.
            None => vec![iso(c, a, b), iso(c, b, a)],
        },
        _ => Vec::new(),
    };
    found.into_iter().flatten().collect()
}

fn parts(date: &str) -> Option<[&str; 3]> {
    let mut parts = date.split(['/', '.', '-']);
    let found = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(found)
}

/// In which order day and month of a numeric date with the year last can be: one of them, or either.
pub(super) fn order_of(text: &str) -> Option<Vec<Order>> {
    let text = text.trim();
    let date = text.split([' ', 'T', 't', ',']).next().filter(|date| !date.contains('.'))?;
    let [a, b, c] = parts(date)?;
    let number = |part: &str| {
        part.parse::<u32>().ok().filter(|_| part.len() <= 2 && part.bytes().all(|b| b.is_ascii_digit()))
    };
    let (a, b) = (number(a)?, number(b)?);
    if c.len() != 4 || a == b || !(1..=31).contains(&a) || !(1..=31).contains(&b) {
        return None;
    }
    Some(
        [(a, Order::MonthFirst), (b, Order::DayFirst)]
            .into_iter()
            .filter(|(month, _)| *month <= 12)
            .map(|(_, order)| order)
            .collect(),
    )
}

/// A text without what needs no reading, and what was found on the way.
pub(super) struct Simple {
    pub(super) text: String,
    /// A zone is named that is not known: any.
    pub(super) zone_unknown: bool,
    /// Seconds to be added: the end of a day is the beginning of the next.
    pub(super) plus: i64,
}

/// Takes off what Go, Java and JavaScript write behind an offset, names of zones, a comma in front of a
/// fraction, and `24:00:00`.
pub(super) fn simple(text: &str) -> Simple {
    let mut text = text.trim().to_owned();
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some((before, _)) =
            text.rsplit_once(open).filter(|(before, name)| name.ends_with(close) && before.contains(':'))
        {
            text = before.trim_end().to_owned();
        }
    }
    if let Some((before, _)) = text.rsplit_once(" m=") {
        text = before.to_owned();
    }
    for name in ["GMT", "UTC"] {
        for sign in ['+', '-'] {
            text = text.replace(&format!("{name}{sign}"), &sign.to_string());
        }
    }
    let mut zone_unknown = false;
    if text.contains(':') {
        (text, zone_unknown) = without_zone_names(&text);
    }
    // ISO 8601 allows a comma in front of the fraction.
    let is_fraction =
        |at: &usize| text[..*at].ends_with(|c: char| c.is_ascii_digit()) && text[..*at].contains(':');
    if let Some(at) = text.rfind(',').filter(is_fraction) {
        text.replace_range(at..=at, ".");
    }
    let mut plus = 0;
    if let Some(at) = text.find("24:00").filter(|at| text[..*at].ends_with(['T', 't', ' '])) {
        let rest = &text[at + 5..];
        let behind = rest.trim_start_matches([':', '.', '0']);
        if behind.is_empty() || behind.starts_with(['Z', 'z', '+', '-', ' ']) {
            text.replace_range(at..at + 2, "00");
            plus = DAY;
        }
    }
    Simple { text, zone_unknown, plus }
}

/// A text without the names of zones in it, and whether one was all that it had of a zone.
fn without_zone_names(text: &str) -> (String, bool) {
    let is_offset = |w: &&str| {
        w.len() >= 3 && w.starts_with(['+', '-']) && w[1..].bytes().all(|b| b.is_ascii_digit() || b == b':')
    };
    let clock_with_offset =
        |w: &&str| w.contains(':') && w.trim_start_matches(|c: char| c != ':').contains(['+', '-']);
    let has_offset = text.split(' ').any(|w| is_offset(&w) || clock_with_offset(&w));
    let mut unknown = false;
    let mut kept: Vec<&str> = Vec::new();
    for word in text.split(' ') {
        match word {
            "UTC" | "GMT" | "UT" | "Etc/UTC" | "Etc/GMT" if has_offset => {}
            "UT" | "Etc/UTC" | "Etc/GMT" => kept.push("UTC"),
            _ if is_zone_name(word) => unknown |= !has_offset,
            _ => kept.push(word),
        }
    }
    (kept.join(" "), unknown)
}

/// `CET`, `Europe/Berlin`.
fn is_zone_name(word: &str) -> bool {
    let short = matches!(word.len(), 3..=5) && word.bytes().all(|b| b.is_ascii_uppercase());
    let lower = word.to_ascii_lowercase();
    let known = || {
        ["utc", "gmt", "sept", "june", "july"].contains(&lower.as_str())
            || MONTHS.contains(&lower.as_str())
            || DAYS.contains(&lower.as_str())
    };
    let name = |t: &str| {
        !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphabetic() || matches!(b, b'_' | b'/' | b'-'))
    };
    short && !known() || word.split_once('/').is_some_and(|(area, city)| name(area) && name(city))
}

/// `UTC`, `Z`, `+01:00`, `-0530`, `+1` as seconds east of UTC.
pub(super) fn offset(text: &str) -> Option<i64> {
    let text = text.trim();
    if ["z", "utc", "gmt"].contains(&text.to_ascii_lowercase().as_str()) {
        return Some(0);
    }
    let (sign, digits) =
        if let Some(rest) = text.strip_prefix('+') { (1, rest) } else { (-1, text.strip_prefix('-')?) };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let number = |t: &str| {
        t.parse::<i64>().ok().filter(|_| matches!(t.len(), 1 | 2) && t.bytes().all(|b| b.is_ascii_digit()))
    };
    let (hours, minutes) = (number(hours)?, number(minutes)?);
    (hours <= 14 && minutes < 60).then_some(sign * (hours * HOUR + minutes * 60))
}

const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

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

/// `Mon, 31 Oct 2016 22:00:00 GMT` (RFC 5322), `31-Oct-2016`, `October 31, 2016 10:00 PM`, `Oct 31 22:00:00
/// 2016 GMT`.
fn named_month(text: &str) -> Option<String> {
    const LONG: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let (mut year, mut month, mut day, mut rest) = (None, None, None, Vec::new());
    for word in text.split([' ', ',']).flat_map(|w| {
        if w.bytes().any(|b| b.is_ascii_alphabetic()) { w.split('-').collect() } else { vec![w] }
    }) {
        let lower = word.to_ascii_lowercase();
        let number = word.bytes().all(|b| b.is_ascii_digit());
        match word.len() {
            0 => {}
            4 if number && year.is_none() && ("1900"..="2199").contains(&word) => year = Some(word),
            // `31 Oct 2016 1530`: a time of day is meant.
            4 if number => rest.push(word),
            1 | 2 if number && day.is_none() => day = Some(word),
            _ if let Some(at) = MONTHS
                .iter()
                .zip(LONG)
                .position(|(s, l)| lower == *s || lower == l || (lower == "sept" && *s == "sep")) =>
            {
                month = Some(at + 1);
            }
            _ if DAYS
                .iter()
                .any(|d| lower.starts_with(d) && (lower.len() == 3 || lower.ends_with("day"))) => {}
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
