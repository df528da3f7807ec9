//! Points in time and spans of them, in whole seconds of UTC; reading what people write as a time.

use std::fmt;
use std::num::NonZeroI64;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A point in time: seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
///
/// Seconds from the epoch on are kept one higher than they are, so that zero is free for the `None` of an
/// `Option`, which then takes no room.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(NonZeroI64);

const _: () = assert!(size_of::<Option<Time>>() == 8, "there are very many of them");

/// Seconds in an hour.
pub const HOUR: i64 = 3_600;
/// Seconds in a day (RFC 5280 counts days of 86,400 seconds).
pub const DAY: i64 = 86_400;

/// A local time without a zone can be this much earlier in UTC (UTC+14, Kiribati).
pub const EASTERNMOST: i64 = 14 * HOUR;
/// A local time without a zone can be this much later in UTC (UTC-12, Baker Island).
pub const WESTERNMOST: i64 = 12 * HOUR;

impl Time {
    /// 2000-01-01T00:00:00Z: file times before it are clocks that were never set.
    pub const Y2000: Self = Self::from_unix(946_684_800);

    /// From seconds since the epoch; the largest number is taken as the one before it.
    #[must_use]
    pub const fn from_unix(seconds: i64) -> Self {
        match NonZeroI64::new(if seconds < 0 { seconds } else { seconds.saturating_add(1) }) {
            Some(kept) => Self(kept),
            // Never: what is not below zero is raised above it.
            None => Self(NonZeroI64::MIN),
        }
    }

    /// Seconds since the epoch.
    #[must_use]
    pub const fn unix(self) -> i64 {
        let kept = self.0.get();
        if kept < 0 { kept } else { kept - 1 }
    }

    /// From calendar fields in UTC; `None` for a date or time that does not exist. Second 60 is taken as 59.
    #[must_use]
    pub fn from_fields(year: i32, month: u32, day: u32, hour: u32, minute: u32, second: u32) -> Option<Self> {
        let time = NaiveDate::from_ymd_opt(year, month, day)?.and_hms_opt(hour, minute, second.min(59))?;
        (second <= 60).then_some(utc(time))
    }

    /// This many seconds later (earlier when negative).
    #[must_use]
    pub const fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.unix().saturating_add(seconds))
    }

    /// Appends RFC 3339 in UTC, `YYYY-MM-DDTHH:MM:SSZ`.
    pub fn push(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.text());
    }

    /// The text, all of it ASCII.
    fn text(self) -> [u8; 20] {
        let Some(t) = DateTime::from_timestamp(self.unix(), 0).filter(|t| (0..=9999).contains(&t.year()))
        else {
            return if self.unix() < 0 { *b"0000-01-01T00:00:00Z" } else { *b"9999-12-31T23:59:59Z" };
        };
        let mut out = *b"0000-00-00T00:00:00Z";
        let year = t.year().unsigned_abs();
        let parts = [
            (0, year / 100),
            (2, year % 100),
            (5, t.month()),
            (8, t.day()),
            (11, t.hour()),
            (14, t.minute()),
            (17, t.second()),
        ];
        for (at, value) in parts {
            out[at] += (value / 10) as u8;
            out[at + 1] += (value % 10) as u8;
        }
        out
    }

    /// The day alone, `YYYY-MM-DD`.
    #[must_use]
    pub fn day(self) -> String {
        String::from_utf8_lossy(&self.text()[..10]).into_owned()
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(str::from_utf8(&self.text()).unwrap_or_default())
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Time({self})")
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        Written::parse(&text).map(Written::as_utc).map_err(serde::de::Error::custom)
    }
}

/// When something happened, as far as is known: not before `earliest`, not after `latest`; `None` is an open
/// end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// The first moment it can have happened.
    pub earliest: Option<Time>,
    /// The last moment it can have happened.
    pub latest: Option<Time>,
}

impl Span {
    /// One known moment.
    #[must_use]
    pub const fn at(time: Time) -> Self {
        Self { earliest: Some(time), latest: Some(time) }
    }

    /// The smallest span that holds both; an open end stays open.
    #[must_use]
    pub fn hull(self, other: Self) -> Self {
        Self {
            earliest: self.earliest.zip(other.earliest).map(|(a, b)| a.min(b)),
            latest: self.latest.zip(other.latest).map(|(a, b)| a.max(b)),
        }
    }

    /// Whether the two can both be true of one moment.
    #[must_use]
    pub fn meets(self, other: Self) -> bool {
        let before = |a: Option<Time>, b: Option<Time>| matches!((a, b), (Some(a), Some(b)) if a < b);
        !before(self.latest, other.earliest) && !before(other.latest, self.earliest)
    }
}

/// A text that is no time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotATime(String);

impl fmt::Display for NotATime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:?} is not a time; write 2016-11-01, 2016-11-01T12:00:00Z or 2016-11-01T12:00:00+01:00",
            self.0
        )
    }
}

impl std::error::Error for NotATime {}

/// A time as somebody wrote it: what the text leaves open (zone, time of day) stays open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// With a zone: one moment.
    Exact(Time),
    /// Date and time of day, no zone; the value is that reading of the clock in UTC.
    Local(Time),
    /// A date alone; the value is midnight UTC.
    Date(Time),
}

impl Written {
    /// Reads RFC 3339, the usual variants of ISO 8601 (blank for `T`, no seconds, compact offset) and plain
    /// dates.
    ///
    /// # Errors
    /// [`NotATime`] with the text.
    pub fn parse(text: &str) -> Result<Self, NotATime> {
        let wrong = || NotATime(text.chars().take(60).collect());
        let trimmed = text.trim();
        if let Some(found) = Self::plain(trimmed.as_bytes()) {
            return Ok(found);
        }
        if let Ok(date) = NaiveDate::parse_from_str(trimmed, "%Y-%m-%d") {
            return Some(date)
                .filter(in_range)
                .and_then(|d| d.and_hms_opt(0, 0, 0))
                .map(|t| Self::Date(utc(t)))
                .ok_or_else(wrong);
        }
        let (clock, zone) = split_zone(trimmed).ok_or_else(wrong)?;
        let clock = clock.replacen([' ', 't'], "T", 1);
        let clock = ["%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%dT%H:%M"]
            .iter()
            .find_map(|f| NaiveDateTime::parse_from_str(&clock, f).ok());
        let clock = clock.filter(|c| in_range(&c.date())).ok_or_else(wrong)?;
        Ok(match zone {
            Some(offset) => Self::Exact(utc(clock).plus(-offset)),
            None => Self::Local(utc(clock)),
        })
    }

    /// The forms that fill manifests, `2016-10-31` and `2016-10-31T22:00:00` with or without `Z`, without the
    /// machinery for all others.
    fn plain(text: &[u8]) -> Option<Self> {
        let number = |from: usize, digits: usize| {
            let digits = text.get(from..from + digits)?;
            digits
                .iter()
                .all(u8::is_ascii_digit)
                .then(|| digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0')))
        };
        let marks = |places: &[(usize, u8)]| places.iter().all(|(at, mark)| text.get(*at) == Some(mark));
        if !marks(&[(4, b'-'), (7, b'-')]) {
            return None;
        }
        let (year, month, day) = (i32::try_from(number(0, 4)?).ok()?, number(5, 2)?, number(8, 2)?);
        if text.len() == 10 {
            return Time::from_fields(year, month, day, 0, 0, 0).map(Self::Date);
        }
        if !marks(&[(13, b':'), (16, b':')]) || !matches!(text.get(10), Some(b'T' | b' ')) {
            return None;
        }
        let second = number(17, 2).filter(|s| *s < 60)?;
        let time = Time::from_fields(year, month, day, number(11, 2)?, number(14, 2)?, second)?;
        match &text[19..] {
            b"" => Some(Self::Local(time)),
            b"Z" => Some(Self::Exact(time)),
            _ => None,
        }
    }

    /// Every moment the text can mean: all zones where it names none, the whole day where it names no time.
    #[must_use]
    pub fn span(self) -> Span {
        match self {
            Self::Exact(t) => Span::at(t),
            Self::Local(t) => {
                Span { earliest: Some(t.plus(-EASTERNMOST)), latest: Some(t.plus(WESTERNMOST)) }
            }
            Self::Date(t) => {
                Span { earliest: Some(t.plus(-EASTERNMOST)), latest: Some(t.plus(DAY - 1 + WESTERNMOST)) }
            }
        }
    }

    /// The moment, taking a missing zone as UTC and a missing time of day as midnight: for values a user
    /// sets, not for evidence.
    #[must_use]
    pub const fn as_utc(self) -> Time {
        match self {
            Self::Date(t) | Self::Exact(t) | Self::Local(t) => t,
        }
    }
}

fn utc(t: NaiveDateTime) -> Time {
    Time::from_unix(t.and_utc().timestamp())
}

fn in_range(date: &NaiveDate) -> bool {
    (0..=9999).contains(&date.year())
}

/// Splits a zone (`Z`, `UTC`, `GMT`, `+01:00`, `+0100`, `+01`) off the end; offset in seconds east. `None` if
/// what looks like a zone is none.
fn split_zone(text: &str) -> Option<(&str, Option<i64>)> {
    for suffix in ["Z", "z", " UTC", "UTC", " GMT", "GMT"] {
        if let Some(clock) = text.strip_suffix(suffix) {
            return Some((clock.trim_end(), Some(0)));
        }
    }
    // A sign after the date part starts an offset; the date itself holds two '-'.
    let Some(at) = text.get(10..).and_then(|rest| rest.find(['+', '-'])).map(|i| i + 10) else {
        return Some((text, None));
    };
    let (clock, offset) = text.split_at(at);
    let digits: String = offset[1..].chars().filter(|c| *c != ':').collect();
    if !digits.bytes().all(|b| b.is_ascii_digit()) || !matches!(digits.len(), 2 | 4) {
        return None;
    }
    let hours: i64 = digits[..2].parse().ok()?;
    let minutes: i64 = if digits.len() == 4 { digits[2..].parse().ok()? } else { 0 };
    if hours > 14 || minutes > 59 {
        return None;
    }
    let seconds = hours * HOUR + minutes * 60;
    Some((clock.trim_end(), Some(if offset.starts_with('-') { -seconds } else { seconds })))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Written::parse(text).unwrap().as_utc()
    }

    #[test]
    fn times_print_and_read_back() {
        for text in
            ["2016-11-01T00:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1969-12-31T23:59:59Z"]
        {
            assert_eq!(time(text).to_string(), text);
        }
        assert_eq!(Time::from_unix(i64::MAX).to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_zone_makes_a_moment_and_its_absence_covers_all_zones() {
        assert_eq!(Written::parse("2016-11-01T01:00:00+01:00"), Ok(Written::Exact(time("2016-11-01"))));
        assert_eq!(Written::parse("2016-11-01 01:00:00 +0100"), Ok(Written::Exact(time("2016-11-01"))));
        assert_eq!(Written::parse("2016-10-31 22:30:00.250-01:30"), Ok(Written::Exact(time("2016-11-01"))));
        let local = Written::parse("2016-11-01 00:00").unwrap().span();
        assert_eq!(
            local,
            Span { earliest: Some(time("2016-10-31T10:00:00Z")), latest: Some(time("2016-11-01T12:00:00Z")) }
        );
        let date = Written::parse("2016-10-31").unwrap().span();
        assert_eq!(
            date,
            Span { earliest: Some(time("2016-10-30T10:00:00Z")), latest: Some(time("2016-11-01T11:59:59Z")) }
        );
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2016-13-01",
            "2016-02-30T00:00:00Z",
            "2016-11-01T00:00:00+99:00",
            "2016-11-01T00:00:00+1x",
            "99999-01-01",
        ] {
            assert!(Written::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn seconds_keep_their_number_and_their_order() {
        let seconds = [i64::MIN, i64::MIN + 1, -2, -1, 0, 1, 2, i64::MAX - 1];
        assert!(seconds.iter().all(|s| Time::from_unix(*s).unix() == *s));
        assert!(seconds.iter().map(|s| Time::from_unix(*s)).is_sorted_by(|a, b| a < b));
        assert_eq!(Time::from_unix(i64::MAX), Time::from_unix(i64::MAX - 1));
    }

    #[test]
    fn a_hull_keeps_open_ends_open() {
        let open = Span { earliest: None, latest: Some(Time::from_unix(5)) };
        assert_eq!(
            open.hull(Span::at(Time::from_unix(9))),
            Span { earliest: None, latest: Some(Time::from_unix(9)) }
        );
        assert!(!open.meets(Span::at(Time::from_unix(6))));
        assert!(open.meets(Span::at(Time::from_unix(5))));
    }
}
