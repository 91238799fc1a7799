use super::*;

#[test]
fn announced_trailers_are_written_sorted_without_those_that_may_be_none() {
    let announcing = |names: &[&str]| ResponseHead {
        announced: names.iter().map(|name| Name::from_slice(name.as_bytes())).collect(),
        ..head(200, &[("Content-Type", "t")])
    };
    answers(
        HTTP11,
        announcing(&["X-B", "x-a"]),
        &[Do::Write("ok"), Do::Trailers(&[("X-B", "1"), ("x-a", "2"), ("X-B", "3")])],
        "HTTP/1.1 200 OK|Content-Type: t|Trailer: X-B, X-A|Date|Transfer-Encoding: chunked||2|ok|0|X-A: 2|X-B: 1|X-B: 3||",
        After::KeepAlive,
    );
    answers(
        HTTP11,
        announcing(&["Authorization", "If-Match", "A"]),
        &[Do::Trailers(&[("Authorization", "1"), ("If-Match", "2"), ("A", "3")])],
        "HTTP/1.1 200 OK|Content-Type: t|Trailer: Authorization, If-Match, A|Date|Transfer-Encoding: chunked||0|A: 3||",
        After::KeepAlive,
    );
    answers(
        HTTP11,
        announcing(&["A"]),
        &[],
        "HTTP/1.1 200 OK|Content-Type: t|Trailer: A|Date|Transfer-Encoding: chunked||0||",
        After::KeepAlive,
    );
    answers(
        HTTP10,
        announcing(&["A"]),
        &[Do::Write("ok"), Do::Trailers(&[("A", "1")])],
        "HTTP/1.0 200 OK|Content-Type: t|Trailer: A|Date||ok",
        After::Close,
    );
}

#[test]
fn trailers_that_were_not_announced_need_chunks_and_may_have_any_name() {
    let typed = || head(200, &[("Content-Type", "t")]);
    let trailers = || Do::Trailers(&[("Content-Length", "1"), ("B", "2")]);
    answers(
        HTTP11,
        typed(),
        &[Do::Write("ok"), Do::Flush, trailers()],
        "HTTP/1.1 200 OK|Content-Type: t|Date|Transfer-Encoding: chunked||2|ok|0|B: 2|Content-Length: 1||",
        After::KeepAlive,
    );
    answers(
        HTTP11,
        typed(),
        &[Do::Write("ok"), trailers()],
        "HTTP/1.1 200 OK|Content-Type: t|Date|Content-Length: 2||ok",
        After::KeepAlive,
    );
}
