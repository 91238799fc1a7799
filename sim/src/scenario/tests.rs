use super::*;
use crate::{
    fault::{Fault, What},
    history::Got,
    production::End,
    traffic::{BodyPlan, ClientPlan, Exchange, Method, Unseen},
};

const SECOND: Duration = Duration::from_secs(1);

/// One client that asks for a page after a second, and what befalls the cluster from just before it until a second later.
fn play(exchange: Exchange, befalls: &[What]) -> Run {
    play_from(Duration::from_millis(990), exchange, befalls)
}

fn play_from(starts: Duration, exchange: Exchange, befalls: &[What]) -> Run {
    play_over(Speech::Plain, starts, exchange, befalls)
}

fn play_over(speech: Speech, starts: Duration, exchange: Exchange, befalls: &[What]) -> Run {
    let traffic = Traffic { clients: vec![ClientPlan { starts: SECOND, exchanges: vec![exchange] }] };
    let faults = befalls.iter().map(|what| Fault { starts, lasts: SECOND, what: what.clone() }).collect();
    let production =
        Production { seed: 1, link_latency: Duration::from_millis(2), knobs: Knobs::default(), faults, bug: None };
    let (front, back, mishaps) = (speech, speech, Mishaps::None);
    Scenario { production, workers: 1, front, back, mishaps, traffic }.play(&mut |_now| {})
}

/// What the client got, and when.
fn got(exchange: Exchange, befalls: &[What]) -> (Duration, Got) {
    of(&play(exchange, befalls))
}

fn of(run: &Run) -> (Duration, Got) {
    assert_eq!(run.end, End::Finished);
    let mut events = run.history.events().into_iter();
    events
        .find_map(|(at, event)| match event {
            Event::Answered(answered) if answered.id == 1 => Some((at, answered.got)),
            _ => None,
        })
        .unwrap()
}

fn both(of: impl Fn(String) -> What) -> [What; 2] {
    ["backend-0", "backend-1"].map(|name| of(name.to_owned()))
}

/// A page that takes a second and a half to come.
fn slow_page() -> Exchange {
    let mut page = Exchange::probe(1);
    page.reply.body = BodyPlan { bytes: 150_000, chunked: false, piece: 10_000, pause: Duration::from_millis(100) };
    page
}

#[test]
fn without_a_fault_a_page_comes_within_some_round_trips() {
    let (at, got) = got(Exchange::probe(1), &[]);
    assert!(got.is_success() && at < SECOND + Duration::from_millis(30), "{at:?} {got:?}");
}

#[test]
fn a_slow_link_makes_it_come_later() {
    let slow = What::Delay("proxy".to_owned(), "clients-0".to_owned(), Duration::from_millis(100));
    let (at, got) = got(Exchange::probe(1), &[slow]);
    assert!(got.is_success() && at > SECOND + Duration::from_millis(400), "{at:?} {got:?}");
}

#[test]
fn a_held_link_gives_all_back_in_the_end() {
    let held = What::Hold("proxy".to_owned(), "backend-0".to_owned());
    let (at, got) = got(slow_page(), &[held]);
    assert!(got.is_success() && at > Duration::from_millis(1_990), "{at:?} {got:?}");
}

#[test]
fn a_link_that_is_held_one_way_carries_the_other_way() {
    let mut page = slow_page();
    page.reply.body = BodyPlan { bytes: 10_000, chunked: false, piece: 1_000, pause: Duration::from_millis(100) };
    let ends = |from: &str, to: &str| {
        let held = What::HoldOneWay(from.to_owned(), to.to_owned());
        let (at, got) = of(&play_from(Duration::from_millis(1_500), page.clone(), &[held]));
        assert!(got.is_success(), "{got:?}");
        at
    };
    assert!(ends("clients-0", "proxy") < Duration::from_millis(2_200));
    assert!(ends("proxy", "clients-0") > Duration::from_millis(2_490));
}

#[test]
fn a_websocket_over_http2_carries_bytes_both_ways() {
    let mut socket = slow_page();
    socket.request.method = Method::Upgrade;
    socket.request.body = BodyPlan { bytes: 300, chunked: false, piece: 100, pause: Duration::ZERO };
    let run = play_over(Speech::Http2, SECOND, socket, &[]);
    let (_, got) = of(&run);
    assert!(matches!(&got, Got::Tunnel(ended) if ended.bytes == 150_000 && ended.clean), "{got:?}");
    let at_backend = |(_, event)| matches!(event, Event::TunnelEnded(1, ended) if ended.bytes == 300 && ended.clean);
    assert!(run.history.events().into_iter().any(at_backend));
}

#[test]
fn what_a_backend_refuses_unseen_is_asked_again() {
    let mut page = slow_page();
    page.reply.unseen = Unseen::Refused;
    let (_, got) = of(&play_over(Speech::Http2, SECOND, page, &[]));
    assert!(got.is_success(), "{got:?}");
}

#[test]
fn what_a_goaway_leaves_behind_is_asked_again() {
    let mut page = slow_page();
    page.reply.unseen = Unseen::LeftBehind;
    let (_, got) = of(&play_over(Speech::Http2, SECOND, page, &[]));
    assert!(got.is_success(), "{got:?}");
}

#[test]
fn backends_that_crashed_refuse_connections() {
    let (at, got) = got(Exchange::probe(1), &both(What::Crash));
    assert!(at < SECOND + Duration::from_millis(50), "{at:?}");
    assert!(matches!(&got, Got::Whole(reply) if reply.status == 502), "{got:?}");
}

#[test]
fn a_backend_that_crashed_is_passed_over() {
    let (_, got) = got(Exchange::probe(1), &[What::Crash("backend-0".to_owned())]);
    assert!(matches!(&got, Got::Whole(reply) if reply.backend.as_deref() == Some("backend-1")), "{got:?}");
}

#[test]
fn backends_without_power_say_nothing_until_it_returns() {
    let (at, got) = got(Exchange::probe(1), &both(What::PowerLoss));
    assert!(at > Duration::from_millis(1_990), "{at:?} {got:?}");
}

#[test]
fn connections_that_are_torn_cut_the_page() {
    let torn = What::Tear("proxy".to_owned(), "backend-0".to_owned());
    let (at, got) = of(&play_from(Duration::from_millis(1_500), slow_page(), &[torn]));
    assert!(matches!(got, Got::Cut(_)) && at < Duration::from_millis(1_520), "{at:?} {got:?}");
}

#[test]
fn a_proxy_that_is_asked_to_stop_takes_no_connection_until_it_is_started_again() {
    let (at, got) = got(Exchange::probe(1), &[What::Stop("proxy".to_owned())]);
    assert!(at < SECOND + Duration::from_millis(50), "{at:?}");
    assert!(matches!(&got, Got::Nothing(why) if why.contains("refused")), "{got:?}");
}

#[test]
fn a_run_of_the_same_plot_has_the_same_shape() {
    let count = || play(slow_page(), &[]).history.events().len();
    assert_eq!(count(), count());
}

#[test]
fn a_page_comes_over_every_speech() {
    for speech in [Speech::Plain, Speech::Tls, Speech::Http2] {
        let (_, got) = of(&play_over(speech, SECOND, slow_page(), &[]));
        assert!(got.is_success(), "{speech:?}: {got:?}");
    }
}
