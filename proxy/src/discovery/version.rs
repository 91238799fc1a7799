//! The order of version names: `v2`, `v1`, `v1beta1`, `v1alpha1`, and then names of any other form.

use std::cmp::Ordering;

/// Compares the names of two versions; the greater one is preferred.
///
/// Stable ones stand above beta ones above alpha ones, among those the number counts; a name of another form stands below all of
/// them, the alphabetically first one highest.
///
/// Go: `apimachinery/pkg/version/helpers.go` `CompareKubeAwareVersionStrings`.
pub fn compare(left: &str, right: &str) -> Ordering {
    match (KubeVersion::parse(left), KubeVersion::parse(right)) {
        (None, None) => right.cmp(left),
        (left, right) => left.cmp(&right),
    }
}

/// A name such as `v1` or `v2beta3`. The order of the fields is the order of names.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct KubeVersion {
    stage: Stage,
    major: i64,
    minor: i64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Stage {
    Alpha,
    Beta,
    Stable,
}

impl KubeVersion {
    fn parse(name: &str) -> Option<Self> {
        let (major, rest) = split_number(name.strip_prefix('v')?)?;
        if rest.is_empty() {
            return Some(Self { stage: Stage::Stable, major, minor: 0 });
        }
        let (stage, rest) = match (rest.strip_prefix("alpha"), rest.strip_prefix("beta")) {
            (Some(rest), _) => (Stage::Alpha, rest),
            (None, Some(rest)) => (Stage::Beta, rest),
            (None, None) => return None,
        };
        let (minor, rest) = split_number(rest)?;
        rest.is_empty().then_some(Self { stage, major, minor })
    }
}

/// The digits at the start, as a number; none where there is no digit or the number is too large.
fn split_number(text: &str) -> Option<(i64, &str)> {
    let (digits, rest) = text.split_at(text.bytes().take_while(u8::is_ascii_digit).count());
    Some((digits.parse().ok()?, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_stands_above_beta_above_alpha_above_other_names() {
        let ordered = [
            "v10",
            "v2",
            "v1",
            "v11beta2",
            "v10beta3",
            "v3beta1",
            "v1beta1",
            "v12alpha1",
            "v11alpha2",
            "foo1",
            "foo10",
            "v1beta",
            "v1x",
            "v99999999999999999999",
        ];
        for pair in ordered.windows(2) {
            assert_eq!(compare(pair[0], pair[1]), Ordering::Greater, "{pair:?}");
            assert_eq!(compare(pair[1], pair[0]), Ordering::Less, "{pair:?}");
        }
    }

    #[test]
    fn a_version_equals_itself() {
        assert_eq!(compare("v1", "v1"), Ordering::Equal);
        assert_eq!(compare("other", "other"), Ordering::Equal);
    }
}
