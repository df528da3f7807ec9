//! `UTCTime` and `GeneralizedTime` (RFC 5280 section 4.1.2.5), read in every form that occurs.

use super::der::{GENERALIZED_TIME, Tlv, UTC_TIME};
use crate::time::{HOUR, Time};

/// A time field: what it says, and whether RFC 5280 allows that form.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Read {
    /// The moment; `None` if it cannot be told.
    pub(crate) time: Option<Time>,
    /// `YYMMDDHHMMSSZ` or `YYYYMMDDHHMMSSZ`, and nothing else.
    pub(crate) regular: bool,
}

/// Reads a validity date. Two-digit years from 50 on are of the 20th century (RFC 5280 section 4.1.2.5.1).
pub(crate) fn read(field: Tlv<'_>) -> Read {
    let year_digits = match field.tag {
        UTC_TIME => 2,
        GENERALIZED_TIME => 4,
        _ => return Read { time: None, regular: false },
    };
    let regular = field.content.len() == year_digits + 11 && field.content.ends_with(b"Z");
    let time = parse(field.content, year_digits);
    Read { time, regular: regular && time.is_some() }
}

fn parse(text: &[u8], year_digits: usize) -> Option<Time> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (clock, rest) = text.split_at(digits);
    let number = |from: usize, count: usize| -> Option<u32> {
        clock.get(from..from + count).map(|d| d.iter().fold(0, |n, b| n * 10 + u32::from(b - b'0')))
    };
    let mut year = number(0, year_digits)? as i32;
    if year_digits == 2 {
        year += if year >= 50 { 1900 } else { 2000 };
    }
    let at = year_digits;
    // Minutes (GeneralizedTime) and seconds may be left out in BER.
    if !matches!(digits - at, 6 | 8 | 10) || (year_digits == 2 && digits - at == 6) {
        return None;
    }
    let local = Time::from_fields(
        year,
        number(at, 2)?,
        number(at + 2, 2)?,
        number(at + 4, 2)?,
        number(at + 6, 2).unwrap_or(0),
        number(at + 8, 2).unwrap_or(0),
    )?;
    Some(local.plus(-offset(rest)?))
}

/// Seconds east of UTC in what follows the digits: an optional fraction, then `Z`, `+hhmm`, `-hhmm` or
/// nothing (taken as UTC).
fn offset(rest: &[u8]) -> Option<i64> {
    let rest = match rest.split_first() {
        Some((b'.' | b',', tail)) => &tail[tail.iter().take_while(|b| b.is_ascii_digit()).count()..],
        _ => rest,
    };
    match rest {
        [] | [b'Z' | b'z'] => Some(0),
        [sign @ (b'+' | b'-'), h1, h2, m1, m2] if rest[1..].iter().all(u8::is_ascii_digit) => {
            let two = |a: &u8, b: &u8| i64::from(a - b'0') * 10 + i64::from(b - b'0');
            let seconds = two(h1, h2) * HOUR + two(m1, m2) * 60;
            Some(if *sign == b'-' { -seconds } else { seconds })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(tag: u8, text: &str) -> (Option<String>, bool) {
        let read = read(Tlv { tag, content: text.as_bytes(), raw: &[] });
        (read.time.map(|t| t.to_string()), read.regular)
    }

    #[test]
    fn every_form_that_occurs() {
        for (tag, text, time, regular) in [
            (UTC_TIME, "161101000000Z", Some("2016-11-01T00:00:00Z"), true),
            (UTC_TIME, "500101000000Z", Some("1950-01-01T00:00:00Z"), true),
            (UTC_TIME, "491231235959Z", Some("2049-12-31T23:59:59Z"), true),
            (UTC_TIME, "1611010000Z", Some("2016-11-01T00:00:00Z"), false),
            (UTC_TIME, "161101010000+0100", Some("2016-11-01T00:00:00Z"), false),
            (GENERALIZED_TIME, "99991231235959Z", Some("9999-12-31T23:59:59Z"), true),
            (GENERALIZED_TIME, "20161101000000.123Z", Some("2016-11-01T00:00:00Z"), false),
            (GENERALIZED_TIME, "20161101000000-0130", Some("2016-11-01T01:30:00Z"), false),
            (GENERALIZED_TIME, "2016110100", Some("2016-11-01T00:00:00Z"), false),
            (UTC_TIME, "20161101000000Z", None, false),
            (UTC_TIME, "160230000000Z", None, false),
            (UTC_TIME, "", None, false),
            (UTC_TIME, "hello", None, false),
            (0x0c, "161101000000Z", None, false),
        ] {
            assert_eq!(read_text(tag, text), (time.map(str::to_owned), regular), "{text}");
        }
    }
}
