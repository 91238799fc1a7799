//! The order of keys: numbers within them count as numbers.

use std::cmp::Ordering;

/// Go: `go.yaml.in/yaml/v2/sorter.go` `keyList.Less`.
pub(super) fn compare(left: &str, right: &str) -> Ordering {
    let (a, b): (Vec<char>, Vec<char>) = (left.chars().collect(), right.chars().collect());
    let mut behind_digit = false;
    for at in 0..a.len().min(b.len()) {
        if a[at] == b[at] {
            behind_digit = a[at].is_numeric();
            continue;
        }
        return match (a[at].is_alphabetic(), b[at].is_alphabetic()) {
            (true, true) => a[at].cmp(&b[at]),
            (true, false) => {
                if behind_digit {
                    Ordering::Less
                } else {
                    Ordering::Greater
                }
            }
            (false, true) => {
                if behind_digit {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
            (false, false) => number(&a, at, &b).cmp(&number(&b, at, &a)).then_with(|| a[at].cmp(&b[at])),
        };
    }
    a.len().cmp(&b.len())
}

/// The number from a place on, and how many digits it has. Behind a digit that is no zero, leading zeros count.
fn number(of: &[char], at: usize, other: &[char]) -> (u64, usize) {
    let zero = of[at] == '0' || other[at] == '0';
    let follows_digits =
        zero && of[..at].iter().rev().take_while(|digit| digit.is_numeric()).any(|digit| *digit != '0');
    let digits = of[at..].iter().map_while(|digit| digit.to_digit(10));
    let length = digits.clone().count();
    let value =
        digits.fold(u64::from(follows_digits), |sum, digit| sum.wrapping_mul(10).wrapping_add(u64::from(digit)));
    (value, length)
}
