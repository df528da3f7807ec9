//! Upload times as exports write them. What a form leaves open (zone, time of day, day or month first) stays
//! open.

mod order;
mod written;

use crate::time::{DAY, Span, Time, Written};

pub use order::Order;

use written::{calendar, rewritten, simple};

/// A time read from a manifest.
pub(crate) struct When {
    pub(crate) span: Span,
    /// Whether day and month can be told apart no better than by a guess; the span holds both readings.
    pub(crate) ambiguous: bool,
}

/// How to read what times leave open.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Reading {
    /// The zone of times without one, in seconds east of UTC; without it any zone.
    pub zone: Option<i64>,
    /// The order of day and month; without it both.
    pub order: Option<Order>,
    /// Numbers of five digits are days as spreadsheets count them.
    serials: bool,
}

impl Reading {
    /// What tells it from another one of the same zone.
    pub(super) fn octet(self) -> u8 {
        let order = self.order.map_or(0, |order| order as u8 + 1);
        order << 1 | u8::from(self.serials)
    }

    /// Reads the values of `--manifest-zone` and `--date-order`.
    ///
    /// # Errors
    /// The option and the text of what is wrong with its value.
    pub fn parse(zone: Option<&str>, order: Option<&str>) -> Result<Self, (&'static str, String)> {
        let zone = zone.map(|text| {
            let wrong = || format!("{text:?} is not an offset from UTC; write UTC or +01:00 (names of zones are not read: give the offset, and times near the cutoff with their own)");
            written::offset(text).ok_or_else(|| ("--manifest-zone", wrong()))
        });
        let order = order.map(|text| match text.to_ascii_lowercase().as_str() {
            "dmy" => Ok(Order::DayFirst),
            "mdy" => Ok(Order::MonthFirst),
            _ => Err(("--date-order", format!("{text:?} is not dmy or mdy"))),
        });
        Ok(Self { zone: zone.transpose()?, order: order.transpose()?, serials: false })
    }

    fn span(self, written: Written) -> Span {
        match (written, self.zone) {
            (Written::Local(t), Some(zone)) => Span::at(t.plus(-zone)),
            (Written::Date(t), Some(zone)) => {
                Span { earliest: Some(t.plus(-zone)), latest: Some(t.plus(DAY - 1 - zone)) }
            }
            (written, _) => written.span(),
        }
    }
}

/// What the values of one column look like, before they are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Survey {
    day_first: u32,
    month_first: u32,
    serial: u64,
    other: u64,
}

/// Dates with one reading that make an order of day and month likely.
const ENOUGH: u32 = 3;

impl Survey {
    pub(super) fn look(&mut self, text: &str) {
        match written::order_of(text).as_deref() {
            Some([Order::DayFirst]) => self.day_first = self.day_first.saturating_add(1),
            Some([Order::MonthFirst]) => self.month_first = self.month_first.saturating_add(1),
            _ => {}
        }
        if serial(text).is_some() { self.serial += 1 } else { self.other += 1 }
    }

    /// The order of day and month, if enough dates have one reading alone and all of these agree.
    pub(super) const fn order(self) -> Option<(Order, u32)> {
        match (self.day_first, self.month_first) {
            (ENOUGH.., 0) => Some((Order::DayFirst, self.day_first)),
            (0, ENOUGH..) => Some((Order::MonthFirst, self.month_first)),
            _ => None,
        }
    }

    /// Whether there is nothing but numbers of days.
    pub(super) const fn is_serial(self) -> bool {
        self.serial > 0 && self.other == 0
    }

    /// How to read the column.
    pub(super) fn reading(self, given: Reading) -> Reading {
        Reading {
            zone: given.zone,
            order: given.order.or_else(|| self.order().map(|(order, _)| order)),
            serials: self.is_serial(),
        }
    }
}

/// Whether the first is later than the second whatever their time zone is, if it is the same for both.
fn is_reversed(ends: Option<(Span, Span)>) -> bool {
    ends.is_some_and(|(from, to)| from.earliest > to.earliest && from.latest > to.latest)
}

/// Reads any of the forms listed in `docs/manifest.md`.
///
/// # Errors
/// The text of what is wrong.
pub(crate) fn read(text: &str) -> Result<When, String> {
    read_as(text, Reading::default())
}

/// The same with what is known of the column.
///
/// # Errors
/// As [`read`].
pub(super) fn read_as(text: &str, reading: Reading) -> Result<When, String> {
    let sure = |span| Ok(When { span, ambiguous: false });
    if let Some(span) = epoch(text).or_else(|| net_date(text)) {
        return sure(span);
    }
    if let Some(written) = serial(text).filter(|_| reading.serials) {
        return sure(reading.span(written));
    }
    let plain = Written::parse(text);
    if let Ok(written) = plain {
        return sure(reading.span(written));
    }
    if let Some((from, to)) = text.split_once("..").filter(|(_, to)| !to.contains("..")) {
        let end = |t: &str| if t.trim().is_empty() { Ok(None) } else { read_as(t.trim(), reading).map(Some) };
        let (from, to) = (end(from)?, end(to)?);
        let ends = from.as_ref().zip(to.as_ref()).map(|(from, to)| (from.span, to.span));
        let ambiguous = [&from, &to].into_iter().flatten().any(|w| w.ambiguous);
        let span = Span {
            earliest: from.as_ref().and_then(|w| w.span.earliest),
            latest: to.as_ref().and_then(|w| w.span.latest),
        };
        return match (span.earliest, span.latest) {
            (None, None) => Err(format!("{text:?} is not a time; give at least one end of FROM..TO")),
            (Some(from), Some(to)) if from > to || is_reversed(ends) => {
                Err(format!("{text:?} ends before it begins"))
            }
            _ => Ok(When { span, ambiguous }),
        };
    }
    let simple = simple(text);
    let reading = if simple.zone_unknown { Reading { zone: None, ..reading } } else { reading };
    let mut forms = rewritten(&simple.text, reading.order);
    if forms.is_empty() {
        forms.push(simple.text.clone());
    }
    let readings: Vec<Span> =
        forms.iter().filter_map(|t| Written::parse(t).ok()).map(|written| reading.span(written)).collect();
    let Some((first, rest)) = readings.split_first() else {
        return Err(plain.err().map_or_else(String::new, |e| e.to_string()));
    };
    let span = rest.iter().fold(*first, |s, r| s.hull(*r));
    let later = |t: Option<Time>| t.map(|t| t.plus(simple.plus));
    Ok(When {
        span: Span { earliest: later(span.earliest), latest: later(span.latest) },
        ambiguous: !rest.is_empty() && calendar(&simple.text).is_none(),
    })
}

/// Several values that mean the same: the span of all of them.
///
/// # Errors
/// As [`read`], of the first that is wrong.
pub(super) fn all<'t>(mut values: impl Iterator<Item = &'t str>, reading: Reading) -> Result<When, String> {
    let first = read_as(values.next().unwrap_or_default(), reading)?;
    values.try_fold(first, |all, value| {
        let value = read_as(value, reading)?;
        Ok(When { span: all.span.hull(value.span), ambiguous: all.ambiguous || value.ambiguous })
    })
}

/// 1995-01-01T00:00:00Z: no upload is older.
const OLDEST: i64 = 788_918_400;

/// Seconds, milliseconds, microseconds or nanoseconds since 1970, as exports of databases have them.
fn epoch(text: &str) -> Option<Span> {
    if calendar(text).is_some() {
        return None;
    }
    let whole = text.split_once('.').map_or(text, |(whole, fraction)| {
        if fraction.bytes().all(|b| b.is_ascii_digit()) { whole } else { text }
    });
    let number: i64 = whole.parse().ok().filter(|_| whole.bytes().all(|b| b.is_ascii_digit()))?;
    let seconds = match whole.len() {
        9 | 10 => number,
        12 | 13 => number / 1_000,
        15 | 16 => number / 1_000_000,
        18 | 19 => number / 1_000_000_000,
        _ => return None,
    };
    (seconds >= OLDEST).then(|| Span::at(Time::from_unix(seconds)))
}

/// `/Date(1477951200000)/` and `/Date(1477951200000+0100)/`, as .NET writes milliseconds since 1970 in JSON;
/// the offset changes nothing.
fn net_date(text: &str) -> Option<Span> {
    let inner = text.trim().strip_prefix("/Date(")?.strip_suffix(")/")?;
    let end = inner.find(['+', '-']).unwrap_or(inner.len());
    let number: i64 = inner[..end].parse().ok()?;
    written::offset(&inner[end..]).or_else(|| inner[end..].is_empty().then_some(0))?;
    (number / 1_000 >= OLDEST).then(|| Span::at(Time::from_unix(number / 1_000)))
}

/// A day as spreadsheets count it from 1900, with the time of day as fraction: 42674 is 2016-10-31.
fn serial(text: &str) -> Option<Written> {
    let (days, fraction) = text.split_once('.').unwrap_or((text, ""));
    let digits = |t: &str| t.bytes().all(|b| b.is_ascii_digit());
    let number: i64 = days.parse().ok().filter(|_| days.len() == 5 && digits(days) && digits(fraction))?;
    // 1995 to 2099; day 25569 is 1970-01-01.
    if !(34_700..73_051).contains(&number) {
        return None;
    }
    let midnight = (number - 25_569) * DAY;
    let part: f64 = if fraction.is_empty() { 0.0 } else { format!("0.{fraction}").parse().ok()? };
    let second = (part * DAY as f64).round() as i64;
    Some(if second == 0 {
        Written::Date(Time::from_unix(midnight))
    } else {
        Written::Local(Time::from_unix(midnight + second))
    })
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
            "1477951500000000000",
            "2016-10-31T22:05:00,000Z",
            "31.10.2016 22:05:00,123 UTC",
            "2016-10-31 22:05:00 +0000 UTC",
            "2016-10-31 23:05:00.000000 +0100 CET",
            "2016-10-31 23:05:00.5 +0100 CET m=+0.012",
            "2016-10-31T23:05:00+01:00[Europe/Berlin]",
            "Mon Oct 31 2016 23:05:00 GMT+0100 (CET)",
            "Mon Oct 31 2016 23:05:00 GMT+0100 (Central European Standard Time)",
            "2016-10-31 22:05:00 Etc/UTC",
            "/Date(1477951500000)/",
            "/Date(1477951500000+0100)/",
        ] {
            let when = read(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((when.span, when.ambiguous), (want, false), "{text}");
        }
        let day = Written::parse("2016-10-31").unwrap().span();
        for text in [
            "2016-10-31",
            "2016/10/31",
            "31.10.2016",
            "10/31/2016",
            "31-10-2016",
            "31-Oct-2016",
            "20161031",
            "Monday, 31 October 2016",
        ] {
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
    fn the_end_of_a_day_is_the_beginning_of_the_next() {
        let want = Span::at(Written::parse("2016-11-01").unwrap().as_utc());
        for text in [
            "2016-10-31T24:00:00Z",
            "2016-10-31 24:00 UTC",
            "20161031T24:00:00.000Z",
            "31 Oct 2016 24:00:00 +0000",
        ] {
            assert_eq!(read(text).map(|w| w.span), Ok(want), "{text}");
        }
        assert!(read("2016-10-31T24:00:01Z").is_err() && read("2016-10-31T24:30Z").is_err());
    }

    #[test]
    fn a_zone_that_is_not_known_can_be_any() {
        let want = Written::parse("2016-10-31T22:05:00").unwrap().span();
        for text in [
            "2016-10-31 22:05:00 CET",
            "2016-10-31T22:05 Europe/Berlin",
            "Mon Oct 31 22:05:00 EST 2016",
            "31 OCT 2016 22:05:00 MSK",
        ] {
            let given = Reading::parse(Some("+01:00"), None).unwrap();
            assert_eq!(
                (read(text).unwrap().span, read_as(text, given).unwrap().span),
                (want, want),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_open_is_read_as_given() {
        let at = |text: &str| Written::parse(text).unwrap().as_utc();
        for (zone, text, want) in [
            ("+01:00", "2016-11-01 01:00:00", "2016-11-01T00:00:00Z"),
            ("-0530", "2016-10-31T18:30", "2016-11-01T00:00:00Z"),
            ("UTC", "2016-11-01 00:00", "2016-11-01T00:00:00Z"),
            ("+01", "2016-11-01T00:00:00Z", "2016-11-01T00:00:00Z"),
        ] {
            let reading = Reading::parse(Some(zone), None).unwrap();
            assert_eq!(read_as(text, reading).unwrap().span, Span::at(at(want)), "{zone} {text}");
        }
        let day = read_as("2016-11-01", Reading::parse(Some("+01:00"), None).unwrap()).unwrap().span;
        assert_eq!(
            day,
            Span { earliest: Some(at("2016-10-31T23:00:00Z")), latest: Some(at("2016-11-01T22:59:59Z")) }
        );
        let order = |order, text| read_as(text, Reading::parse(None, Some(order)).unwrap()).map(|w| w.span);
        assert_eq!(order("dmy", "01/02/2016"), Ok(Written::parse("2016-02-01").unwrap().span()));
        assert_eq!(order("mdy", "01/02/2016"), Ok(Written::parse("2016-01-02").unwrap().span()));
        assert!(order("mdy", "31/12/2016").is_err());
        for (zone, order) in
            [(Some("CET"), None), (Some("+25:00"), None), (Some("Europe/Berlin"), None), (None, Some("ymd"))]
        {
            assert!(Reading::parse(zone, order).is_err());
        }
    }

    #[test]
    fn days_as_spreadsheets_count_them() {
        let reading = Reading { serials: true, ..Reading::default() };
        let of = |text: &str| read_as(text, reading).map(|w| w.span);
        assert_eq!(of("42674"), Ok(Written::parse("2016-10-31").unwrap().span()));
        assert_eq!(of("42674.9166666667"), Ok(Written::parse("2016-10-31T22:00:00").unwrap().span()));
        assert!(of("12345").is_err() && of("426740").is_err() && read("42674").is_err());
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
            // 1976 and 1990: no upload is so old.
            "201805011",
            "199000000000",
            "/Date(5)/",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }
}
