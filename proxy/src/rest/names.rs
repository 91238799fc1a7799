//! What names may look like, in Go's words. Go: `apimachinery/pkg/util/validation/validation.go`.

/// A lowercase RFC 1123 label.
pub(super) fn dns_1123_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX);
    let alphanumeric = |first: char| first.is_ascii_lowercase() || first.is_ascii_digit();
    if is_label(value, alphanumeric) {
        return wrong;
    }
    if value.split('.').all(|label| is_label(label, alphanumeric)) {
        wrong.push("must not contain dots".to_owned());
    } else {
        wrong.push(
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an \
             alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    wrong
}

/// A lowercase RFC 1123 subdomain.
pub(super) fn dns_1123_subdomain(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, SUBDOMAIN_MAX);
    let alphanumeric = |first: char| first.is_ascii_lowercase() || first.is_ascii_digit();
    if !value.split('.').all(|label| is_label(label, alphanumeric)) {
        wrong.push(
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end \
             with an alphanumeric character (e.g. 'example.com', regex used for validation is \
             '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
                .to_owned(),
        );
    }
    wrong
}

/// A DNS-1035 label: it begins with a letter.
pub(super) fn dns_1035_label(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX);
    if !is_label(value, |first| first.is_ascii_lowercase()) {
        wrong.push(
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end \
             with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is \
             '[a-z]([-a-z0-9]*[a-z0-9])?')"
                .to_owned(),
        );
    }
    wrong
}

/// A name that is one segment of a path. Go: `apimachinery/pkg/api/validation/path/name.go` `IsValidPathSegmentName`.
pub(super) fn path_segment(value: &str) -> Vec<String> {
    if value == "." || value == ".." {
        return vec![format!("may not be '{value}'")];
    }
    ['/', '%']
        .iter()
        .filter(|illegal| value.contains(**illegal))
        .map(|illegal| format!("may not contain '{illegal}'"))
        .collect()
}

/// `prefix/name` or `name`: keys of labels and annotations. Go: `IsQualifiedName`.
pub(super) fn qualified(value: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    let name = match value.split_once('/') {
        None => value,
        Some((_, name)) if name.contains('/') => {
            return vec![format!(
                "a qualified name {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                qualified_pattern()
            )];
        }
        Some(("", name)) => {
            wrong.push("prefix part must be non-empty".to_owned());
            name
        }
        Some((prefix, name)) => {
            wrong.extend(dns_1123_subdomain(prefix).into_iter().map(|fault| format!("prefix part {fault}")));
            name
        }
    };
    if name.is_empty() {
        wrong.push("name part must be non-empty".to_owned());
    } else if name.len() > LABEL_MAX {
        wrong.push(format!("name part must be no more than {LABEL_MAX} characters"));
    }
    if !is_qualified_part(name) {
        wrong.push(format!("name part {}", qualified_pattern()));
    }
    wrong
}

/// The value of a label. Go: `IsValidLabelValue`.
pub(super) fn label_value(value: &str) -> Vec<String> {
    let mut wrong = too_long(value, LABEL_MAX);
    if !value.is_empty() && !is_qualified_part(value) {
        let sentence = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start \
                        and end with an alphanumeric character";
        wrong.push(pattern(sentence, &["MyValue", "my_value", "12345"], "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?"));
    }
    wrong
}

fn qualified_pattern() -> String {
    let sentence = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
    pattern(sentence, &["MyName", "my.name", "123-abc"], "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
}

fn pattern(sentence: &str, examples: &[&str], regex: &str) -> String {
    let examples: Vec<String> = examples.iter().map(|example| format!("'{example}'")).collect();
    format!("{sentence} (e.g. {}, regex used for validation is '{regex}')", examples.join(",  or "))
}

fn too_long(value: &str, bytes_max: usize) -> Vec<String> {
    if value.len() > bytes_max { vec![format!("must be no more than {bytes_max} characters")] } else { Vec::new() }
}

fn is_label(label: &str, first: impl Fn(char) -> bool) -> bool {
    label.starts_with(first)
        && label.ends_with(|last: char| last.is_ascii_lowercase() || last.is_ascii_digit())
        && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
}

fn is_qualified_part(name: &str) -> bool {
    let edge = |character: char| character.is_ascii_alphanumeric();
    name.starts_with(edge)
        && name.ends_with(edge)
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

const LABEL_MAX: usize = 63;
const SUBDOMAIN_MAX: usize = 253;
