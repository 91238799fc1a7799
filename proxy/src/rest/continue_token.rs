//! Where a list goes on. Go: `apiserver/pkg/storage/continue.go`.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Deserialize, Serialize};

use super::decode::base64_fault;
use crate::{meta::Status, storage::Revision};

const VERSION: &str = "meta.k8s.io/v1";
const ENCODING: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Where a list goes on: behind which key, and at which revision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ContinueToken {
    /// The revision of the first page; none: the list goes on with what is there now.
    pub(super) revision: Option<Revision>,
    /// The first key of the next page, without what all keys of the list begin with.
    pub(super) start: String,
}

#[derive(Deserialize, Serialize)]
struct Wire {
    #[serde(default)]
    v: String,
    #[serde(default)]
    rv: i64,
    #[serde(default)]
    start: String,
}

impl ContinueToken {
    /// The text that the client gives back.
    pub(super) fn encode(&self) -> String {
        let rv = self.revision.map_or(-1, |revision| i64::try_from(revision.0).unwrap_or(i64::MAX));
        let wire = Wire { v: VERSION.to_owned(), rv, start: self.start.clone() };
        ENCODING.encode(serde_json::to_vec(&wire).expect("text and numbers can be written"))
    }

    /// Reads what a client gave back.
    ///
    /// # Errors
    /// 400: it is no token of ours.
    pub(super) fn decode(text: &str) -> Result<Self, Status> {
        let refuse =
            |fault: String| Status::bad_request(format!("invalid continue token: continue key is not valid: {fault}"));
        let json = ENCODING.decode(text).map_err(|error| refuse(base64_fault(&error, text)))?;
        let document = super::document::Document::json(&json).map_err(refuse)?;
        let wire: Wire = serde_json::from_value(document.value).map_err(|error| refuse(error.to_string()))?;
        if wire.v != VERSION {
            return Err(refuse(format!("server does not recognize this encoded version {}", wire.v)));
        }
        if wire.rv == 0 {
            return Err(refuse(format!("incorrect encoded start resourceVersion (version {VERSION})")));
        }
        if wire.start.is_empty() {
            return Err(refuse(format!("encoded start key empty (version {VERSION})")));
        }
        let start = wire.start.strip_prefix('/').unwrap_or(&wire.start);
        if !start.trim_end_matches('\0').split('/').all(|part| !matches!(part, "" | "." | "..")) {
            return Err(refuse(wire.start.replace('\0', " ")));
        }
        let revision = u64::try_from(wire.rv).ok().map(Revision);
        Ok(Self { revision, start: start.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fault(json: &str) -> String {
        ContinueToken::decode(&ENCODING.encode(json)).unwrap_err().message
    }

    #[test]
    fn what_is_no_token_is_refused_in_gos_words() {
        let prefix = "invalid continue token: continue key is not valid: ";
        for (json, words) in [
            (r#"{"v":"v9","rv":1,"start":"a"}"#, "server does not recognize this encoded version v9"),
            (
                r#"{"v":"meta.k8s.io/v1","start":"a"}"#,
                "incorrect encoded start resourceVersion (version meta.k8s.io/v1)",
            ),
            (r#"{"v":"meta.k8s.io/v1","rv":1}"#, "encoded start key empty (version meta.k8s.io/v1)"),
            (r#"{"v":"meta.k8s.io/v1","rv":1,"start":"../x\u0000"}"#, "../x "),
            ("x", "invalid character 'x' looking for beginning of value"),
        ] {
            assert_eq!(fault(json), format!("{prefix}{words}"));
        }
        assert_eq!(
            ContinueToken::decode("a!b").unwrap_err().message,
            format!("{prefix}illegal base64 data at input byte 1")
        );
    }

    #[test]
    fn a_padded_token_and_one_of_the_watch_cache_are_read() {
        let token = ENCODING.encode(r#"{"v":"meta.k8s.io/v1","rv":-1,"start":"/b\u0000"}"#) + "==";
        let expected = ContinueToken { revision: None, start: "b\0".to_owned() };
        assert_eq!(ContinueToken::decode(token.trim_end_matches('=')).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn a_token_that_was_given_is_read_again(revision in 1u64..1 << 62, name in "[a-z0-9]{1,8}(/[a-z0-9.-]{0,8}[a-z])?") {
            let token = ContinueToken { revision: Some(Revision(revision)), start: format!("{name}\0") };
            prop_assert_eq!(ContinueToken::decode(&token.encode()).unwrap(), token);
        }

        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,40}") {
            let _ = ContinueToken::decode(&text);
        }
    }
}
