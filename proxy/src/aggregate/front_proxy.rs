//! Who asks, as backends are told: the headers that only a front proxy may send.

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::{
    identity::User,
    upstream::StrippedHeaders,
    wire::{Name, token::is_token_byte},
};

/// Puts the user in, in the place of whatever the client says of users.
///
/// To be called behind the removal of hop-by-hop fields: `Connection: X-Remote-User` of a client then removes nothing of ours. Names
/// with `_` in the place of `-` go too, since many servers take one for the other.
///
/// Go: `k8s.io/client-go/transport/round_trippers.go` `SetAuthProxyHeaders`.
pub(super) fn set_user(headers: &mut StrippedHeaders, user: &User) {
    headers.retain(|name, _| !speaks_of_a_user(name));
    headers.append(Name::X_REMOTE_USER, user.name.clone());
    if !user.uid.is_empty() {
        headers.append(Name::X_REMOTE_UID, user.uid.clone());
    }
    for group in &user.groups {
        headers.append(Name::X_REMOTE_GROUP, group.clone());
    }
    for (key, values) in &user.extra {
        let name = extra_name(key);
        for value in values {
            headers.append(name.clone(), Bytes::from(value.clone()));
        }
    }
}

fn speaks_of_a_user(name: &Name) -> bool {
    let mut own = [Name::X_REMOTE_USER, Name::X_REMOTE_UID, Name::X_REMOTE_GROUP].into_iter();
    name.starts_as(EXTRA.as_bytes()) || own.any(|own| name.reads_as(own.as_bytes()))
}

/// The name of the header for a key: what no name may have is escaped, and `%` too, so that every key comes back as it was.
///
/// Go: `headerKeyEscape`.
fn extra_name(key: &str) -> Name {
    let mut name = BytesMut::from(EXTRA);
    for byte in key.bytes() {
        if is_token_byte(byte) && byte != b'%' {
            name.put_u8(byte);
        } else {
            name.put_slice(format!("%{byte:02X}").as_bytes());
        }
    }
    Name::from_buffer(name)
}

const EXTRA: &str = "x-remote-extra-";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{wire::Headers, world::Planted};

    fn told(inbound: &[(&str, &str)], user: &User) -> Vec<String> {
        let field =
            |(name, value): &(&str, &str)| (Name::from_slice(name.as_bytes()), Bytes::from((*value).to_owned()));
        let inbound: Headers = inbound.iter().map(field).collect();
        let mut headers = StrippedHeaders::from_inbound(inbound, &Planted::none());
        set_user(&mut headers, user);
        headers.iter().map(|(name, value)| format!("{name:?}: {}", value.escape_ascii())).collect()
    }

    #[test]
    fn the_user_is_told_in_gos_form() {
        let mut user = User::named("jane").with_groups(["b", "a", "b"]);
        user.uid = "42".to_owned();
        user.add_extra("example.com/two".to_owned(), ["x".to_owned(), "y".to_owned()]);
        user.add_extra("a%20b".to_owned(), ["z".to_owned()]);
        assert_eq!(
            told(&[], &user),
            [
                "X-Remote-User: jane",
                "X-Remote-Uid: 42",
                "X-Remote-Group: b",
                "X-Remote-Group: a",
                "X-Remote-Group: b",
                "X-Remote-Extra-A%2520b: z",
                "X-Remote-Extra-Example.com%2ftwo: x",
                "X-Remote-Extra-Example.com%2ftwo: y",
            ]
        );
    }

    /// The matrix of what a client may try: in every spelling it is gone.
    #[test]
    fn no_spelling_of_a_client_reaches_a_backend() {
        let mut tried = 0;
        for own in ["x-remote-user", "x-remote-uid", "x-remote-group", "x-remote-extra-scopes", "x-remote-extra-"] {
            let hyphens: Vec<usize> = own.match_indices('-').map(|(at, _)| at).collect();
            for chosen in 0..1_u32 << hyphens.len() {
                let mut name = own.as_bytes().to_vec();
                for (bit, at) in hyphens.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1) {
                    name[*at] = b'_';
                    let _ = bit;
                }
                for spelling in [name.clone(), name.to_ascii_uppercase()] {
                    let spelling = String::from_utf8(spelling).unwrap();
                    let fields = told(&[(&spelling, "root"), (&spelling, "")], &User::named("jane"));
                    assert_eq!(fields, ["X-Remote-User: jane"], "{spelling}");
                    tried += 1;
                }
            }
        }
        assert_eq!(tried, 2 * (4 + 4 + 4 + 8 + 8));
    }

    #[test]
    fn a_client_cannot_have_our_fields_removed() {
        let fields =
            told(&[("Connection", "X-Remote-User, X-Remote-Group"), ("X-Remote-User", "root")], &User::named("jane"));
        assert_eq!(fields, ["X-Remote-User: jane"]);
    }

    #[test]
    fn names_that_only_look_alike_are_left_alone() {
        let fields =
            told(&[("X-Remote-Users", "1"), ("My-X-Remote-User", "2"), ("X-Remote-Extra", "3")], &User::named("a"));
        assert_eq!(fields.len(), 4);
    }
}
