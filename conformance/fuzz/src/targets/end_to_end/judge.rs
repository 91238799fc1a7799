//! What a strict parser makes of the bytes that left.

use bytes::Bytes;
use weir::wire::RequestHead;
use weir_conformance::strict::{self, Ended, Read};

use super::FRESH;
use crate::{
    oracle::{mended, path_of},
    targets::request_head::Whole,
};

/// At the client: the answers to what was asked, in order, the last perhaps cut; and one more to what was refused.
pub(super) fn answers(answered: &[u8], asked: &[Whole]) {
    let mut methods = asked.iter().map(|asked| asked.head.method.as_str().as_bytes());
    let (mut method, mut finals) = (methods.next(), 0);
    let mut rest = answered;
    while !rest.is_empty() {
        let read = strict::response(&with_a_known_status(rest), method.unwrap_or(b"GET"), Ended::Yes);
        let read = read.unwrap_or_else(|wrong| panic!("at the client, {wrong}: {}", answered.escape_ascii()));
        let Read::Whole { message, length } = read else { break };
        rest = &rest[length..];
        if message.status == 101 {
            break;
        }
        if message.status >= 200 {
            finals += 1;
            method = methods.next();
        }
    }
    let asked = asked.len();
    assert!(finals <= asked + 1, "{finals} answers to {asked} requests: {}", answered.escape_ascii());
}

/// Go passes on statuses above all that mean anything, and a reason with control bytes in it; line ends are none of them.
fn with_a_known_status(answer: &[u8]) -> Vec<u8> {
    let mut answer = answer.to_vec();
    if let Some(digit @ b'6'..=b'9') = answer.get_mut(9) {
        *digit = b'5';
    }
    let reason = answer.iter_mut().skip(12).take_while(|byte| !matches!(byte, b'\r' | b'\n'));
    reason.filter(|byte| byte.is_ascii_control()).for_each(|byte| *byte = b' ');
    answer
}

/// At a backend: requests that were authorised, the last perhaps cut. Behind one that asks for another protocol anything may follow.
pub(super) fn requests(heard: &[u8], authorised: &[RequestHead], asked: Option<&[Whole]>) {
    let mut rest = heard;
    while !rest.is_empty() {
        let plain = mended(rest);
        let read = strict::request(&plain);
        let read = read.unwrap_or_else(|wrong| panic!("at the backend, {wrong}: {}", heard.escape_ascii()));
        let (message, left) = match read {
            Read::Whole { message, length } => (message, Some(plain.len() - length)),
            Read::Cut(Some(message)) => (message, None),
            Read::Cut(None) => return,
        };
        if rest.starts_with(FRESH) {
            rest = &rest[rest.len() - left.expect("a fresh request is whole")..];
            continue;
        }
        let is_this = |head: &RequestHead| {
            message.method == head.method.as_str().as_bytes() && path_of(&message.target) == as_sent(head)
        };
        assert!(
            authorised.iter().any(is_this),
            "nobody authorised {}: {}",
            message.target.escape_ascii(),
            heard.escape_ascii()
        );
        if message.values("upgrade").next().is_some() {
            return;
        }
        let Some(left) = left else { return };
        if let Some(asked) = asked {
            let same = asked.iter().any(|asked| is_this(&asked.head) && asked.is_whole && asked.body == message.body);
            assert!(same, "nobody sent this body: {}", heard.escape_ascii());
        }
        rest = &rest[rest.len() - left..];
    }
}

/// The path that is asked for, as it is sent to a backend without a base.
fn as_sent(head: &RequestHead) -> Bytes {
    let path = &head.target.url.path;
    if path.starts_with(b"/") { path.clone() } else { [b"/", &path[..]].concat().into() }
}
