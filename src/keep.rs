//! The keep policy and what it looks at -> the order in which records are
//! preferred.
//!
//! * time: `O(records log records)`, nothing for the first and the last
//! * space: 4 bytes a record
//!
//! Values of a field are compared as what they are in JSON: numbers by value,
//! whatever their size and notation, strings by their characters, so that
//! dates of the form `2024-05-31` come by time. Numbers are less than strings.
//! All else (`null`, `true`, lists, objects, no such field) is no value and
//! comes last, with the least as with the greatest.

use crate::options::dedup::Keep;
use std::cmp::Ordering;
use std::cmp::Reverse;

/// A value of a field, as it is compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number.
    Number(Number),
    /// A string, without its quotes and escapes.
    Text(Box<str>),
    /// Neither.
    Missing,
}

impl Value {
    /// The value that JSON text stands for; text that is no JSON is no value.
    #[must_use]
    pub fn of_json(text: Option<&str>) -> Value {
        let Some(text) = text.map(str::trim) else {
            return Value::Missing;
        };
        if text.starts_with('"') {
            serde_json::from_str(text).map_or(Value::Missing, Value::Text)
        } else {
            Number::parse(text).map_or(Value::Missing, Value::Number)
        }
    }
}

/// A decimal number of any size: `0.d1d2d3… * 10^exponent`, the first digit not
/// 0; no digits for 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    negative: bool,
    exponent: i64,
    digits: Box<[u8]>,
}

impl Number {
    fn parse(text: &str) -> Option<Number> {
        let (negative, text) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
        let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
        let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let digits = [whole, part].concat();
        if whole.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let exponent = parse_exponent(exponent)?;
        let significant = digits.trim_start_matches('0');
        let zeros = (digits.len() - significant.len()) as i64;
        let significant = significant.trim_end_matches('0');
        if significant.is_empty() {
            return Some(Number { negative: false, exponent: 0, digits: Box::default() });
        }
        let exponent = exponent.saturating_add(whole.len() as i64 - zeros);
        Some(Number { negative, exponent, digits: significant.as_bytes().into() })
    }

    fn size(&self) -> (bool, i64, &[u8]) {
        (!self.digits.is_empty(), self.exponent, &self.digits)
    }
}

/// An exponent, cut off far beyond any use.
fn parse_exponent(text: &str) -> Option<i64> {
    let (negative, digits) = match text.as_bytes() {
        [b'-', ..] => (true, &text[1..]),
        [b'+', ..] => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let size = digits.parse::<i64>().unwrap_or(i64::MAX).min(1 << 60);
    Some(if negative { -size } else { size })
}

impl Ord for Number {
    fn cmp(&self, other: &Number) -> Ordering {
        match (self.negative, other.negative) {
            (false, false) => self.size().cmp(&other.size()),
            (true, true) => other.size().cmp(&self.size()),
            (a, b) => b.cmp(&a),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// How much each record is preferred: a number from 0, the best.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ranks {
    /// As the records come.
    Forward,
    /// The last of so many records is the best.
    Backward(u32),
    /// As given.
    Listed(Vec<u32>),
}

impl Ranks {
    /// The ranks of `records` records. `lengths` are the characters of each
    /// text, `values` those of the policy's field; they are looked at by the
    /// policies that need them alone. Ties go to the first in the input.
    ///
    /// # Panics
    ///
    /// If lengths or values are needed and not one for each record.
    #[must_use]
    pub fn new(keep: &Keep, records: u32, lengths: &[u32], values: &[Value]) -> Ranks {
        let mut order: Vec<u32> = match keep {
            Keep::First | Keep::None => return Ranks::Forward,
            Keep::Last => return Ranks::Backward(records),
            _ => (0..records).collect(),
        };
        let (length, value) = (|r: u32| lengths[r as usize], |r: u32| &values[r as usize]);
        match keep {
            Keep::Longest => order.sort_by_key(|&r| Reverse(length(r))),
            Keep::Shortest => order.sort_by_key(|&r| length(r)),
            Keep::Max(_) => order.sort_by(|&a, &b| by_value(value(a), value(b), true)),
            _ => order.sort_by(|&a, &b| by_value(value(a), value(b), false)),
        }
        let mut ranks = vec![0; records as usize];
        for (rank, &record) in (0..).zip(&order) {
            ranks[record as usize] = rank;
        }
        Ranks::Listed(ranks)
    }

    /// Rank of a record.
    ///
    /// # Panics
    ///
    /// If there is no such record.
    #[must_use]
    pub fn of(&self, record: u32) -> u32 {
        match self {
            Ranks::Forward => record,
            Ranks::Backward(records) => records - 1 - record,
            Ranks::Listed(ranks) => ranks[record as usize],
        }
    }
}

fn by_value(a: &Value, b: &Value, greatest: bool) -> Ordering {
    let order = match (a, b) {
        (Value::Missing, Value::Missing) => return Ordering::Equal,
        (Value::Missing, _) => return Ordering::Greater,
        (_, Value::Missing) => return Ordering::Less,
        (Value::Number(a), Value::Number(b)) => a.cmp(b),
        (Value::Text(a), Value::Text(b)) => a.cmp(b),
        (Value::Number(_), Value::Text(_)) => Ordering::Less,
        (Value::Text(_), Value::Number(_)) => Ordering::Greater,
    };
    if greatest { order.reverse() } else { order }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(keep: &str, values: &[&str]) -> Vec<usize> {
        let values: Vec<Value> = values.iter().map(|v| Value::of_json(Some(v))).collect();
        let n = values.len() as u32;
        let ranks = Ranks::new(&keep.parse().unwrap(), n, &[], &values);
        let mut order: Vec<usize> = (0..values.len()).collect();
        order.sort_by_key(|&r| ranks.of(r as u32));
        order
    }

    #[test]
    fn numbers_compare_by_value() {
        let ascending = [
            "-1e400",
            "-1000000000000000001",
            "-1000000000000000000",
            "-2.5",
            "-0.25",
            "0",
            "1e-999999999999999999999",
            "0.1",
            "2",
            "10",
            "1e1000000",
            "1e99999999999999999999",
        ];
        let expected: Vec<usize> = (0..ascending.len()).collect();
        assert_eq!(order("min:n", &ascending), expected);
        let backwards: Vec<usize> = expected.iter().rev().copied().collect();
        assert_eq!(order("max:n", &ascending), backwards);
        for (a, b) in
            [("1", "1.0"), ("100", "1E2"), ("0", "-0.000"), ("0.012", "12e-3"), ("0e9", "0")]
        {
            assert_eq!(Value::of_json(Some(a)), Value::of_json(Some(b)));
        }
    }

    #[test]
    fn strings_compare_as_strings_and_missing_values_come_last() {
        let values =
            ["null", "\"2024-05-31\"", "\"2023-12-01\"", "7", "{}", "\"\\u0032024\"", "tru"];
        assert_eq!(order("min:date", &values), [3, 2, 5, 1, 0, 4, 6]);
        assert_eq!(order("max:date", &values), [1, 5, 2, 3, 0, 4, 6]);
        for wrong in ["", "-", "1.2.3", "1e", "e5", "+1", "1e+-5", "NaN", "\"open", "0x10"] {
            assert_eq!(Value::of_json(Some(wrong)), Value::Missing, "{wrong}");
        }
        assert_eq!(Value::of_json(None), Value::Missing);
        assert_eq!(order("max:n", &["1", "null", "\"a\"", "null", "2"]), [2, 4, 0, 1, 3]);
        assert_eq!(order("min:n", &["1", "null", "\"a\"", "null", "2"]), [0, 4, 2, 1, 3]);
    }

    #[test]
    fn ties_go_to_the_first() {
        assert_eq!(order("max:n", &["1", "2", "2.0", "1"]), [1, 2, 0, 3]);
        assert_eq!(order("min:n", &["1", "2", "2.0", "1"]), [0, 3, 1, 2]);
        let lengths = [5, 9, 9, 5];
        let of =
            |keep| (0..4).map(|r| Ranks::new(&keep, 4, &lengths, &[]).of(r)).collect::<Vec<_>>();
        assert_eq!(of(Keep::Longest), [2, 0, 1, 3]);
        assert_eq!(of(Keep::Shortest), [0, 2, 3, 1]);
        assert_eq!(of(Keep::First), [0, 1, 2, 3]);
        assert_eq!(of(Keep::None), [0, 1, 2, 3]);
        assert_eq!(of(Keep::Last), [3, 2, 1, 0]);
    }
}
