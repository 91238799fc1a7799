//! The CVEs of this layer: one test per row, named by its number, that plays the probes which the row stands for.
//!
//! Each of them can fail: a row holds only if Weir is safe from all of its probes and the naive proxy of `attacks/naive.rs` is not safe
//! from at least one.

#[path = "attacks/naive.rs"]
mod naive;
#[path = "attacks/naive_http2.rs"]
mod naive_http2;

use std::{fs, path::Path, sync::Arc};

use libtest_mimic::{Arguments, Failed, Trial};
use weir_conformance::{
    attack::{
        self, Probe, aggregated,
        judge::{Verdict, judge},
        simulated,
    },
    pattern::Pattern,
    replay::Certificates,
    scenario::Family,
};

/// A row: its numbers, what it was, and the probes that it stands for.
struct Row(&'static str, &'static str, &'static [&'static str]);

const ROWS: &[Row] = &[
    Row(
        "CVE-2018-1002105",
        "an upgrade that is refused leaves no connection to the client",
        &["upgrades/a_request_behind_one_that_gets_a_*", "upgrades/a_request_together_with_one_that_gets_a_*"],
    ),
    Row(
        "CVE-2022-3172",
        "a redirect of an aggregated server does not reach the client",
        &["redirects/get_302", "redirects/upgrade_302"],
    ),
    Row("CVE-2020-8559 CVE-2018-1002102", "a redirect of an upgrade is not followed", &["upgrades/*_gets_a_302"]),
    Row(
        "CVE-2024-45336 CVE-2025-4673",
        "a redirect is not followed, so no credentials go elsewhere",
        &["answers/a_redirect", "upgrades/*_gets_a_302"],
    ),
    Row(
        "CVE-2015-5739 CVE-2015-5740 CVE-2015-5741",
        "lengths beside codings, two lengths, spaces in names",
        &["codings/a_length_*", "lengths/twice_*", "lengths/space_before_the_colon", "codings/space_before_the_colon"],
    ),
    Row(
        "CVE-2019-16276",
        "a space before the colon is not forgiven",
        &[
            "field_lines/space_before_the_colon",
            "field_lines/tab_before_the_colon",
            "field_lines/no_break_space_before_the_colon",
        ],
    ),
    Row("CVE-2020-15586", "a body that is read while the answer is written", &["reuse/an_early_*"]),
    Row(
        "CVE-2021-33197",
        "every Connection line counts, and takes nothing away that the proxy sets",
        &["hop_by_hop/named_*", "hop_by_hop/forwarded_for_named", "hop_by_hop/host_named"],
    ),
    Row(
        "CVE-2021-31525 CVE-2021-44716 CVE-2022-41717",
        "huge heads and many names",
        &[
            "field_lines/*megabytes",
            "field_lines/two_hundred_thousand_fields",
            "http2_floods/names_that_differ",
            "http2_floods/head_of_two_megabytes",
        ],
    ),
    Row(
        "CVE-2022-1705",
        "a coding behind a no-break space",
        &["codings/*no_break_space*", "answers/coding_behind_a_no_break_space"],
    ),
    Row(
        "CVE-2022-32148",
        "Connection cannot name X-Forwarded-For",
        &["hop_by_hop/forwarded_for_named", "upgrades/connection_names_identity_too"],
    ),
    Row(
        "CVE-2022-2880",
        "a query pair that is not understood is not forwarded",
        &["paths/query_with_a_semicolon", "paths/query_with_a_bad_escape", "paths/query_with_a_cut_escape"],
    ),
    Row("CVE-2026-39825", "a query of more pairs than a parser looks at", &["paths/query_of_ten_thousand_*"]),
    Row(
        "CVE-2022-41721",
        "what is left of a body is no message",
        &["upgrades/http2_without_tls*", "reuse/an_early_answer_and_a_request_as_the_rest_of_the_body"],
    ),
    Row(
        "CVE-2022-41723",
        "HPACK that costs more than it says",
        &["http2_floods/table_*", "http2_floods/integer_without_end", "http2_floods/huffman_that_is_none"],
    ),
    Row(
        "CVE-2023-29406",
        "a Host that would inject fields",
        &["hosts/with_a_carriage_return", "hosts/with_a_space", "http2_downgrade/authority_with_*"],
    ),
    Row("CVE-2023-39325 CVE-2023-44487", "rapid reset", &["http2_floods/rapid_reset*"]),
    Row(
        "CVE-2023-39326",
        "chunk extensions that amplify reads",
        &["chunks/many_extensions", "chunks/a_long_extension", "answers/chunks_many_extensions"],
    ),
    Row(
        "CVE-2023-45288 CVE-2024-30255 RUSTSEC-2024-0332",
        "CONTINUATION without end",
        &["http2_floods/continuations_*"],
    ),
    Row("CVE-2024-24791", "an early final answer to Expect leaves no broken connection", &["reuse/expect_*"]),
    Row(
        "CVE-2025-22871",
        "a bare LF ends no chunk line",
        &[
            "chunks/size_ends_with_a_line_feed",
            "chunks/data_ends_with_a_line_feed",
            "chunks/last_ends_with_*",
            "answers/chunks_size_ends_with_a_line_feed",
        ],
    ),
    Row(
        "CVE-2025-47912 CVE-2026-25679",
        "brackets around what is no address",
        &[
            "hosts/*bracket*",
            "http2_downgrade/authority_with_a_name_in_brackets",
            "http2_downgrade/authority_with_half_a_bracket",
        ],
    ),
    Row(
        "CVE-2025-58186",
        "cookies are not parsed",
        &["field_lines/twenty_thousand_cookies", "field_lines/two_hundred_thousand_fields"],
    ),
    Row(
        "CVE-2025-61724 CVE-2025-61726",
        "a query of two megabytes",
        &["request_lines/a_query_of_two_megabytes", "request_lines/a_target_of_two_megabytes"],
    ),
    Row(
        "CVE-2026-27141",
        "frames of unknown types",
        &["http2_floods/unknown_types", "http2_floods/push_promise_of_a_client"],
    ),
    Row(
        "CVE-2026-33814",
        "SETTINGS that no peer may send",
        &[
            "http2_floods/frame_size_*",
            "http2_floods/initial_window_too_large",
            "answers_http2/frame_size_zero",
            "answers_http2/initial_window_too_large",
        ],
    ),
    Row(
        "CVE-2026-42507",
        "control bytes do not reach logs as fields or targets",
        &["request_lines/escape_in_the_target", "field_lines/escape_in_the_value", "answers/field_escape_in_the_value"],
    ),
    Row("CVE-2026-56853", "a client that says nothing is not waited for", &["slow/*"]),
    Row(
        "RUSTSEC-2017-0002 RUSTSEC-2020-0008",
        "line ends in fields, bodies of GET",
        &[
            "http2_downgrade/value_with_*",
            "lengths/get_with_a_request_as_its_body",
            "http2_downgrade/no_length_on_a_get_with_a_body_that_is_a_request",
        ],
    ),
    Row(
        "RUSTSEC-2021-0020",
        "several codings",
        &["codings/twice", "codings/identity_first", "codings/identity_last", "codings/gzip_first"],
    ),
    Row(
        "RUSTSEC-2021-0078 RUSTSEC-2021-0079",
        "a plus before a length, a chunk size that overflows",
        &["lengths/with_a_plus", "chunks/size_of_sixty_*"],
    ),
    Row("hyper-4123", "a length in front of a coding does not stay", &["codings/a_length_in_front_*"]),
    Row(
        "hyper-4019 hyper-4081",
        "a Connection that is no text, a head beyond the bound",
        &["hop_by_hop/bytes_that_are_no_text", "field_lines/a_value_of_two_megabytes"],
    ),
    Row(
        "RUSTSEC-2023-0034 RUSTSEC-2024-0003 RUSTSEC-2026-0258",
        "resets, errors and empty frames pile up nowhere",
        &["http2_floods/rapid_reset*", "http2_floods/empty_data", "http2_floods/made_you_reset_*"],
    ),
    Row("CVE-2025-8671", "MadeYouReset", &["http2_floods/made_you_reset_*"]),
    Row("CVE-2025-4366", "the rest of a body is no request", &["reuse/an_early_answer_*", "reuse/an_early_413_*"]),
    Row(
        "CVE-2026-2833 CVE-2026-58055 CVE-2024-23326",
        "bytes behind an upgrade wait for the 101",
        &[
            "upgrades/bytes_together_with_it_come_behind_the_101",
            "upgrades/a_body_of_known_length",
            "upgrades/another_protocol_than_asked",
            "upgrades/a_200_that_names_the_upgrade",
            "upgrades/a_request_together_with_*",
        ],
    ),
    Row("CVE-2026-2835", "codings of HTTP/1.0, two codings", &["codings/http_1_0*", "codings/identity_first"]),
    Row("CVE-2019-18277", "a coding around a vertical tab", &["codings/*vertical_tab*"]),
    Row(
        "CVE-2021-40346 CVE-2023-25725",
        "names that are empty, or long",
        &["field_lines/empty_name*", "field_lines/a_name_of_*", "http2_downgrade/name_with_nothing"],
    ),
    Row("CVE-2023-40225", "lengths that are empty", &["lengths/empty*", "lengths/blank"]),
    Row(
        "CVE-2023-45539",
        "a fragment in the target",
        &["request_lines/fragment*", "http2_downgrade/path_with_a_fragment"],
    ),
    Row(
        "CVE-2021-39240 CVE-2021-39241 CVE-2021-39242",
        "pseudo-header fields that become lines",
        &["http2_downgrade/scheme_*", "http2_downgrade/method_*", "http2_downgrade/authority_*"],
    ),
    Row("CVE-2024-45506", "a window of nothing", &["http2_floods/a_stuck_window", "http2_floods/window_*"]),
    Row("CVE-2019-9900", "a NUL in a value", &["field_lines/nul_*", "http2_downgrade/value_with_a_nul"]),
    Row(
        "CVE-2019-9901 CVE-2021-29492 CVE-2021-32779",
        "paths reach the backend as they were looked at",
        &["paths/*", "request_lines/fragment"],
    ),
    Row("CVE-2021-32778", "resets that cost more than they say", &["http2_floods/rapid_reset_of_a_thousand_more"]),
    Row(
        "CVE-2026-26311",
        "DATA behind the end of a stream",
        &["http2_downgrade/data_behind_the_end", "http2_floods/made_you_reset_data_behind_the_end"],
    ),
    Row(
        "CVE-2019-20372",
        "a body behind an error is no request",
        &["reuse/a_bad_request_and_one_behind", "reuse/a_refused_connect_and_a_request_behind"],
    ),
    Row(
        "CVE-2026-42926",
        "the bytes of a body stay within it",
        &["http2_downgrade/*_a_body_that_is_a_request", "http2_downgrade/length_shorter_and_a_request_behind"],
    ),
    Row(
        "CVE-2025-55315 CVE-2025-59822",
        "a line feed in a chunk extension, a trailer without a colon",
        &["chunks/extension_*", "chunks/trailer_without_a_colon"],
    ),
    Row(
        "CVE-2023-38697 CVE-2025-43859",
        "chunk sizes with signs, chunks that do not end",
        &["chunks/size_with_*", "chunks/data_ends_with_two_letters", "chunks/data_is_longer"],
    ),
    Row(
        "CVE-2026-26365 CVE-2025-32094",
        "Connection names the framing, Expect is folded",
        &[
            "hop_by_hop/length_named",
            "hop_by_hop/coding_named",
            "reuse/expect_folded",
            "lengths/options_with_a_request_as_its_body",
        ],
    ),
    Row(
        "CVE-2019-9511 CVE-2019-9512 CVE-2019-9513 CVE-2019-9514 CVE-2019-9515 CVE-2019-9516 CVE-2019-9517 CVE-2019-9518",
        "floods of frames",
        &[
            "http2_floods/pings",
            "http2_floods/settings",
            "http2_floods/priorities",
            "http2_floods/empty_data",
            "http2_floods/tiny_data",
            "http2_floods/rapid_reset",
        ],
    ),
];

fn main() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    let probes = attack::read(&fixtures.join("attacks")).unwrap_or_else(|error| panic!("{error}"));
    let certificates = Certificates::read(&fixtures.join("certs")).unwrap_or_else(|error| panic!("{error}"));
    let stage = Arc::new((probes, certificates));
    let rows = ROWS.iter().map(|row| {
        let stage = Arc::clone(&stage);
        Trial::test(format!("{} {}", row.0, row.1), move || holds(row, &stage.0, &stage.1))
    });
    let mut trials: Vec<Trial> = rows.collect();
    trials.push(Trial::test(
        "RUSTSEC-2026-0007 RUSTSEC-2021-0124 RUSTSEC-2025-0023 crates are not older than their fixes",
        crates_are_not_older_than_their_fixes,
    ));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn holds(row: &Row, probes: &[Probe], certificates: &Certificates) -> Result<(), Failed> {
    let mut sees = false;
    for pattern in row.2 {
        let pattern: Pattern = pattern.parse()?;
        let mut found = probes.iter().filter(|probe| pattern.matches(&probe.id())).peekable();
        if found.peek().is_none() {
            return Err(format!("found no probe {pattern}").into());
        }
        for probe in found {
            let verdict = if aggregated::CLASSES.contains(&probe.class()) {
                aggregated(probe, certificates)?
            } else {
                judge(probe, &simulated::play(probe, certificates, &simulated::weir(), None)?)
            };
            if !verdict.is_safe() {
                return Err(format!("{}\n{verdict}", probe.id()).into());
            }
            if !sees {
                sees = !judge(probe, &simulated::play(probe, certificates, &naive::naive(), None)?).is_safe();
            }
        }
    }
    if sees { Ok(()) } else { Err("the naive proxy is safe from all of its probes: they prove nothing".into()) }
}

/// What comes of a probe of `weir serve`.
fn aggregated(probe: &Probe, certificates: &Certificates) -> Result<Verdict, Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/scenarios/aggregator/identity.yaml");
    let family = Family::parse("aggregator/identity", "identity.yaml", &fs::read_to_string(path)?)?;
    let mut verdicts = aggregated::play(std::slice::from_ref(probe), &family.cases[0], certificates)?;
    Ok(verdicts.remove(&probe.id()).ok_or("not played")?)
}

/// The oldest versions of crates on the way of a request that have no known hole there.
const OLDEST: &[(&str, [u64; 3])] = &[
    ("bytes", [1, 11, 1]),
    ("h2", [0, 4, 4]),
    ("http", [1, 0, 0]),
    ("httparse", [1, 9, 0]),
    ("hyper", [1, 4, 0]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 10]),
    ("tokio", [1, 44, 2]),
    ("tokio-rustls", [0, 26, 0]),
];

fn crates_are_not_older_than_their_fixes() -> Result<(), Failed> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    let lock: toml::Table = fs::read_to_string(path)?.parse()?;
    let packages = lock["package"].as_array().ok_or("Cargo.lock has no packages")?;
    for (name, oldest) in OLDEST {
        for package in packages.iter().filter(|package| package["name"].as_str() == Some(name)) {
            let version = package["version"].as_str().unwrap_or_default();
            let numbers: Vec<u64> = version.split(['.', '-', '+']).map_while(|part| part.parse().ok()).collect();
            if numbers < oldest.to_vec() {
                return Err(format!("{name}: found {version}, expected {oldest:?} or later").into());
            }
        }
    }
    Ok(())
}
