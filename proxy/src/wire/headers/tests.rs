mod model;

use super::*;

fn headers(fields: &[(&str, &str)]) -> Headers {
    fields
        .iter()
        .map(|(name, value)| (Name::from_slice(name.as_bytes()), Bytes::copy_from_slice(value.as_bytes())))
        .collect()
}

#[test]
fn fields_are_written_sorted_and_values_of_one_name_in_their_order() {
    let headers = headers(&[("x-zeta", "1"), ("cookie", "b"), ("Accept", "*/*"), ("Cookie", "a")]);
    let mut out = BytesMut::new();
    headers.write_sorted(&mut out);
    assert_eq!(&out[..], b"Accept: */*\r\nCookie: b\r\nCookie: a\r\nX-Zeta: 1\r\n");
}

#[test]
fn a_value_with_line_ends_is_written_as_one_line() {
    let headers = headers(&[("X-A", " a\r\nX-B: 1\r\n"), ("bad name", "x")]);
    let mut out = BytesMut::new();
    headers.write_sorted(&mut out);
    assert_eq!(&out[..], b"X-A: a  X-B: 1\r\n");
}

#[test]
fn no_way_in_lets_a_line_end_out() {
    // What is known of values is kept with them: one that came in unseen would be written as it is, and split the message.
    let (name, other) = (Name::from_slice(b"x-a"), Name::from_slice(b"x-b"));
    let changes: [&dyn Fn(&mut Headers); 5] = [
        &|headers| headers.append(name.clone(), "a\r\nX-B: 1"),
        &|headers| headers.prepend(name.clone(), "a\r\nX-B: 1"),
        &|headers| headers.set(name.clone(), "a\r\nX-B: 1"),
        &|headers| *headers = [(name.clone(), Bytes::from_static(b"a\r\nX-B: 1"))].into_iter().collect(),
        &|headers| {
            headers.append(name.clone(), " a\r\nX-B: 1\t");
            *headers = headers.clone();
            headers.append_clean(Name::VIA, Bytes::from_static(b"b"));
            headers.remove(&Name::VIA);
        },
    ];
    for change in changes {
        let mut headers = Headers::new();
        change(&mut headers);
        assert!(!headers.contains(&other));
        let mut out = BytesMut::from("before");
        headers.write_sorted(&mut out);
        assert_eq!(&out[..], b"beforeX-A: a  X-B: 1\r\n");
    }
}

#[test]
fn set_leaves_one_value_in_the_first_place() {
    let mut headers = headers(&[("A", "1"), ("B", "2"), ("A", "3")]);
    headers.set(Name::from_slice(b"a"), "4");
    let left: Vec<_> = headers.iter().map(|(name, value)| (name.as_bytes(), &value[..])).collect();
    assert_eq!(left, [(&b"A"[..], &b"4"[..]), (b"B", b"2")]);
}

#[test]
fn tokens_are_found_on_every_line_whatever_their_case() {
    let headers = headers(&[("Connection", "X-A , close"), ("Connection", ",, x-b")]);
    assert!(headers.has_token(&Name::CONNECTION, b"CLOSE"));
    assert!(!headers.has_token(&Name::CONNECTION, b"x"));
    let names: Vec<_> = headers.names_in(&Name::CONNECTION).collect();
    assert_eq!(names.len(), 3);
    assert_eq!(names[2].as_bytes(), b"X-B");
}

#[test]
fn very_many_named_fields_are_taken_out_in_no_time() {
    // Each name compared with each field took ten seconds for a head of 1 MiB.
    let names: Vec<String> = (0..100_000).map(|at| format!("x{at:x}")).collect();
    let mut headers: Headers =
        names.iter().map(|name| (Name::from_slice(name.as_bytes()), Bytes::from_static(b"1"))).collect();
    headers.append(Name::CONNECTION, names[1..].join(","));
    headers.append(Name::CONNECTION, "Connection");
    headers.remove_named(&Name::CONNECTION);
    let left: Vec<_> = headers.iter().map(|(name, _)| name.as_bytes()).collect();
    assert_eq!(left, [b"X0"]);
}

#[test]
fn what_was_removed_is_gone_and_what_was_added_is_there() {
    // The set of names that were seen may say too much, never too little.
    let mut headers = headers(&[("Te", "trailers"), ("X-Other", "1")]);
    assert!(
        headers.contains(&Name::TE) && headers.contains(&Name::from_slice(b"x-other")) && !headers.contains(&Name::VIA)
    );
    assert!(headers.remove(&Name::TE) && !headers.contains(&Name::TE) && !headers.remove(&Name::TE));
    headers.set(Name::VIA, "1.1 a");
    headers.prepend(Name::DATE, "d");
    headers.append(Name::TE, "trailers");
    let copy = headers.clone();
    for name in [Name::VIA, Name::DATE, Name::TE] {
        assert!(copy.get(&name).is_some() && copy.all(&name).count() == 1);
    }
    headers.remove_all(NameSet::of([Name::DATE, Name::TE, Name::AGE]));
    let left: Vec<_> = headers.iter().map(|(name, _)| name.as_bytes()).collect();
    assert_eq!(left, [&b"X-Other"[..], b"Via"]);
}

#[test]
fn a_list_of_very_many_names_removes_those_that_stand_here() {
    // Each of them was kept: 1 MiB of them as 30.
    let mut headers = Headers::new();
    let list: String = (0..5_000).map(|number| format!("a-{},b,", number % 3_000)).collect();
    headers.append(Name::CONNECTION, list);
    for number in 0..2_000 {
        headers.append(Name::from_slice(format!("A-{}", number * 2).as_bytes()), "1");
    }
    headers.append(Name::from_slice(b"B"), "1");
    headers.remove_named(&Name::CONNECTION);
    let left: Vec<_> = headers.iter().map(|(name, _)| String::from_utf8_lossy(name.as_bytes()).into_owned()).collect();
    let expected: Vec<_> = (1_500..2_000).map(|number| format!("A-{}", number * 2)).collect();
    assert_eq!(left[0], "Connection");
    assert_eq!(left[1..], expected);
}
