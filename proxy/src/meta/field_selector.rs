//! Field selectors: `metadata.name=a,spec.type!=b`. What may be selected by is for each kind to say.

/// What a `fieldSelector` says. All its terms have to hold.
///
/// One reading serves lists and the authorizer alike: a name that was permitted is the name that is listed.
///
/// Go: `apimachinery/pkg/fields/selector.go` `parseSelector`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldSelector(Vec<FieldTerm>);

/// `field=value` or `field!=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldTerm {
    /// The path of the field, `metadata.name`.
    pub field: String,
    /// What is compared with its text.
    pub value: String,
    /// Whether the two have to be equal, or must not be.
    pub equals: bool,
}

impl FieldSelector {
    /// Reads a selector; an empty one selects everything.
    ///
    /// # Errors
    /// What is wrong, in Go's words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut texts = split_terms(text);
        // As Go does, so that of two names the same one is the first.
        texts.sort_unstable();
        texts.retain(|term| !term.is_empty());
        let read = |term| {
            let (field, equals, value) =
                split_term(term).ok_or_else(|| format!("invalid selector: '{text}'; can't understand '{term}'"))?;
            Ok(FieldTerm { field: field.to_owned(), value: unescape(value)?, equals })
        };
        texts.into_iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// Its terms.
    pub fn terms(&self) -> &[FieldTerm] {
        &self.0
    }

    /// Selects those in which a field has a value.
    pub fn one(field: &str, value: &str) -> Self {
        Self(vec![FieldTerm { field: field.to_owned(), value: value.to_owned(), equals: true }])
    }

    /// The value that a field must have, by the first term that says so. Go: `RequiresExactMatch`.
    pub fn exact(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|term| term.equals && term.field == field).map(|term| &*term.value)
    }
}

/// At commas that no backslash stands before. Go: `splitTerms`.
fn split_terms(text: &str) -> Vec<&str> {
    let mut terms = Vec::new();
    let (mut from, mut escaped) = (0, false);
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b',' => {
                terms.push(&text[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    terms.push(&text[from..]);
    terms
}

/// Field, whether it is to be equal, and the value: at the first `!=`, `==` or `=`. Go: `splitTerm`.
fn split_term(term: &str) -> Option<(&str, bool, &str)> {
    let (before, after) = term.split_once('=')?;
    Some(match before.strip_suffix('!') {
        Some(field) => (field, false, after),
        None => (before, true, after.strip_prefix('=').unwrap_or(after)),
    })
}

/// `\\`, `\,` and `\=` stand for what is behind the backslash; nothing else may be escaped. Go: `UnescapeValue`.
fn unescape(value: &str) -> Result<String, String> {
    let mut out = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some(escaped @ ('\\' | ',' | '=')) => out.push(escaped),
                other => {
                    let other = other.map(String::from).unwrap_or_default();
                    return Err(format!("invalid field selector: invalid escape sequence: \\{other}"));
                }
            },
            // Go prints the number of the character.
            ',' | '=' => {
                let number = u32::from(character);
                return Err(format!("invalid field selector: unescaped character in value: {number}"));
            }
            other => out.push(other),
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_stand_between_commas_that_nothing_escapes() {
        let term = |field: &str, value: &str, equals| FieldTerm { field: field.into(), value: value.into(), equals };
        let selector = FieldSelector::parse(r"b!=2,,a==1\,\=\\,c=").unwrap();
        assert_eq!(selector.terms(), [term("a", r"1,=\", true), term("b", "2", false), term("c", "", true)]);
        assert_eq!(FieldSelector::parse("").unwrap(), FieldSelector::default());
    }

    #[test]
    fn of_two_names_the_first_in_order_is_the_exact_one() {
        let exact = |text| FieldSelector::parse(text).unwrap().exact("metadata.name").map(str::to_owned);
        assert_eq!(exact("metadata.name=b,metadata.name=a").as_deref(), Some("a"));
        assert_eq!(exact("metadata.name!=a,metadata.name=b").as_deref(), Some("b"));
        assert_eq!(exact("metadata.name!=a"), None);
    }

    #[test]
    fn what_is_wrong_is_said_in_gos_words() {
        let fault = |text| FieldSelector::parse(text).unwrap_err();
        assert_eq!(fault("a=b,c"), "invalid selector: 'a=b,c'; can't understand 'c'");
        assert_eq!(fault(r"a=\b"), r"invalid field selector: invalid escape sequence: \b");
        assert_eq!(fault(r"a=b\"), r"invalid field selector: invalid escape sequence: \");
        assert_eq!(fault("a=b!=c"), "invalid field selector: unescaped character in value: 61");
    }
}
