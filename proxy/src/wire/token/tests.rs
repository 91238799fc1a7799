use proptest::prelude::*;

use super::*;

#[test]
fn an_empty_token_is_none() {
    assert!(!is_token(b""));
    assert!(is_token(b"M-SEARCH!#$%&'*+.^_`|~"));
    assert!(!is_token(b"a b"));
}

#[test]
fn a_list_keeps_its_empty_elements() {
    assert_eq!(tokens(b" a\t,, b c ,").collect::<Vec<_>>(), [&b"a"[..], b"", b"b c", b""]);
    assert_eq!(tokens(b"").collect::<Vec<_>>(), [b""]);
}

#[test]
fn a_token_is_found_in_any_case() {
    assert!(has_token(b"keep-alive, UPGRADE", b"upgrade"));
    assert!(!has_token(b"upgrades", b"upgrade"));
}

#[test]
fn quoting_escapes_what_go_escapes() {
    assert_eq!(go_quote(b"a\"\\\n\x00\x7f\xff").to_string(), r#""a\"\\\n\x00\x7f\xff""#);
    assert_eq!(go_quote("é\u{ad}\u{e0001}".as_bytes()).to_string(), r#""é\u00ad\U000e0001""#);
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        let _ = (is_token(&bytes), is_valid_field_value(&bytes), is_ascii_print(&bytes), go_quote(&bytes).to_string());
        let _ = (tokens(&bytes).count(), has_token(&bytes, b"upgrade"));
    }

    #[test]
    fn a_token_is_one_of_the_elements(value in "[aA ,\t-]{0,24}", token in "[a-]{1,3}") {
        let is_element = tokens(value.as_bytes()).any(|element| element.eq_ignore_ascii_case(token.as_bytes()));
        prop_assert_eq!(has_token(value.as_bytes(), token.as_bytes()), is_element);
    }

    #[test]
    fn a_control_byte_is_found_wherever_it_stands(
        bytes in proptest::collection::vec(prop_oneof![9 => 0x20_u8..0x7f, 1 => any::<u8>(), 1 => Just(b'\t'), 1 => 0x7f_u8..], 0..80),
    ) {
        let one_by_one = bytes.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t');
        prop_assert_eq!(find_control(&bytes), one_by_one);
        prop_assert_eq!(is_valid_field_value(&bytes), one_by_one.is_none());
        prop_assert_eq!(has_control(&bytes), bytes.iter().any(u8::is_ascii_control));
        for wanted in [b'\t', b':', 0x80] {
            prop_assert_eq!(find_near(wanted, &bytes), bytes.iter().position(|byte| *byte == wanted));
        }
    }
}
