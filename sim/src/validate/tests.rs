use std::time::Duration;

use super::*;
use crate::{
    fault::{Fault, What},
    history::{Answered, BodyEnded, Delivered, Reply, Tunnelled},
    production::Production,
    traffic::{BodyPlan, ClientPlan, Exchange, ReplyPlan, RequestPlan, Traffic},
    world::Knobs,
};

pub(super) const ID: u64 = 1;
const SENT: usize = 10;
const BACK: usize = 20;

/// One client that posts ten bytes and gets twenty.
fn traffic() -> Traffic {
    let body = |bytes| BodyPlan { bytes, ..BodyPlan::NONE };
    let request = RequestPlan { method: Method::Post, body: body(SENT), ..Exchange::probe(ID).request };
    let reply = ReplyPlan { body: body(BACK), ..Exchange::probe(ID).reply };
    Traffic {
        clients: vec![ClientPlan { starts: Duration::ZERO, exchanges: vec![Exchange { id: ID, request, reply }] }],
    }
}

pub(super) fn scenario(faults: &[Fault]) -> Scenario {
    let (knobs, link_latency) = (Knobs::default(), Duration::from_millis(1));
    Scenario {
        production: Production { seed: 1, link_latency, knobs, faults: faults.to_vec(), bug: None },
        workers: 1,
        front: Speech::Plain,
        back: Speech::Plain,
        mishaps: Mishaps::None,
        traffic: traffic(),
    }
}

fn disturbance() -> Fault {
    let what = What::Hold("proxy".to_owned(), "backend-0".to_owned());
    Fault { starts: Duration::ZERO, lasts: Duration::ZERO, what }
}

pub(super) fn asked() -> Asked {
    Asked { id: ID, method: "POST".to_owned(), body_bytes: SENT, leaves_after: None }
}

pub(super) fn delivered(id: u64) -> Delivered {
    Delivered { id, backend: "backend-0".to_owned(), fields: vec!["host".to_owned()] }
}

pub(super) fn ended() -> BodyEnded {
    let body = checksum_of(ID, Whose::Request, SENT);
    BodyEnded { id: ID, backend: "backend-0".to_owned(), whole: true, bytes: SENT, body }
}

pub(super) fn reply(id: u64, sent: usize, bytes: usize) -> Reply {
    Reply {
        status: 200,
        hints: 0,
        backend: Some("backend-0".to_owned()),
        answers: Some(id),
        echo: Some(checksum_of(id, Whose::Request, sent)),
        trailer: None,
        body_bytes: bytes,
        body: checksum_of(id, Whose::Reply, bytes),
    }
}

pub(super) fn answered(got: Got) -> Event {
    Event::Answered(Answered { id: ID, got })
}

/// The probe's part of every history here.
pub(super) fn healed() -> [Event; 3] {
    let asked = Asked { id: PROBES_FROM, method: "GET".to_owned(), body_bytes: 0, leaves_after: None };
    let got = Got::Whole(reply(PROBES_FROM, 0, PROBE_BYTES));
    let answered = Answered { id: PROBES_FROM, got };
    [Event::Asked(asked), Event::Delivered(delivered(PROBES_FROM)), Event::Answered(answered)]
}

/// Holds a history, and the probe's behind it, against the promises: the one that breaks.
fn broken(events: impl IntoIterator<Item = Event>) -> Option<&'static str> {
    broken_under(&[disturbance()], events.into_iter().chain(healed()))
}

fn broken_under(faults: &[Fault], events: impl IntoIterator<Item = Event>) -> Option<&'static str> {
    // A second between any two events.
    let events: Vec<_> = (0..).map(Duration::from_secs).zip(events).collect();
    validate(&events, &scenario(faults)).err().map(|broken| broken.promise)
}

fn whole(reply: Reply) -> [Event; 4] {
    [Event::Asked(asked()), Event::Delivered(delivered(ID)), Event::BodyEnded(ended()), answered(Got::Whole(reply))]
}

#[test]
fn a_faultless_history_keeps_every_promise() {
    assert_eq!(broken(whole(reply(ID, SENT, BACK))), None);
}

#[test]
fn an_answer_that_was_cut_and_said_so_keeps_every_promise() {
    let cut = Got::Cut(reply(ID, SENT, BACK - 1));
    assert_eq!(broken([Event::Asked(asked()), Event::Delivered(delivered(ID)), answered(cut)]), None);
}

#[test]
fn a_request_without_an_end_is_seen() {
    assert_eq!(broken([Event::Asked(asked())]), Some("every request ends once"));
}

#[test]
fn the_answer_to_another_request_is_seen() {
    assert_eq!(broken(whole(reply(2, SENT, BACK))), Some("a response belongs to its request"));
    let mixed = Reply { body: checksum_of(2, Whose::Reply, BACK), ..reply(ID, SENT, BACK) };
    assert_eq!(broken(whole(mixed)), Some("a response belongs to its request"));
    let of_another_body = Reply { echo: Some(0), ..reply(ID, SENT, BACK) };
    assert_eq!(broken(whole(of_another_body)), Some("a response belongs to its request"));
}

#[test]
fn a_cut_answer_called_complete_is_seen() {
    assert_eq!(broken(whole(reply(ID, SENT, BACK - 1))), Some("no cut response is called complete"));
}

#[test]
fn a_cut_request_called_complete_is_seen() {
    let left = Asked { leaves_after: Some(4), ..asked() };
    let short = BodyEnded { bytes: 4, body: checksum_of(ID, Whose::Request, 4), ..ended() };
    let history = |ended| {
        [Event::Asked(left.clone()), Event::Delivered(delivered(ID)), Event::BodyEnded(ended), answered(Got::Left)]
    };
    assert_eq!(broken(history(BodyEnded { whole: false, ..short.clone() })), None);
    assert_eq!(broken(history(short)), Some("no cut request is called complete"));
    assert_eq!(broken(history(BodyEnded { body: 0, ..ended() })), Some("no cut request is called complete"));
}

#[test]
fn a_backend_that_was_not_asked_is_seen() {
    let stranger = Reply { backend: Some("backend-1".to_owned()), ..reply(ID, SENT, BACK) };
    assert_eq!(broken(whole(stranger)), Some("no backend answers that was not asked"));
}

#[test]
fn a_field_of_one_hop_is_seen() {
    let leaked = Delivered { fields: vec!["keep-alive".to_owned()], ..delivered(ID) };
    let history = [Event::Asked(asked()), Event::Delivered(leaked), answered(Got::Nothing(String::new()))];
    assert_eq!(broken(history), Some("no field of one hop goes further"));
}

#[test]
fn a_post_that_is_delivered_twice_is_seen() {
    let twice = [Event::Asked(asked()), Event::Delivered(delivered(ID)), Event::Delivered(delivered(ID))];
    let history = twice.into_iter().chain([answered(Got::Nothing(String::new()))]);
    assert_eq!(broken(history), Some("nothing is delivered twice that may not be"));
}

#[test]
fn a_103_that_is_lost_is_seen() {
    let invented = Reply { hints: 1, ..reply(ID, SENT, BACK) };
    assert_eq!(broken(whole(invented)), Some("what is said early arrives"));
}

#[test]
fn a_client_that_is_not_served_after_healing_is_seen() {
    let judged = broken_under(&[], whole(reply(ID, SENT, BACK)));
    assert_eq!(judged, Some("after healing everybody is served"));
}

#[test]
fn a_failure_without_a_fault_is_seen() {
    let failed = [Event::Asked(asked()), answered(Got::Nothing(String::new()))];
    let judged = broken_under(&[], failed.into_iter().chain(healed()));
    assert_eq!(judged, Some("what nothing disturbs succeeds"));
}

#[test]
fn a_trailer_that_is_lost_or_invented_is_seen() {
    let invented = Reply { trailer: Some(1), ..reply(ID, SENT, BACK) };
    assert_eq!(broken(whole(invented)), Some("trailers come behind a whole body"));
}

#[test]
fn a_byte_that_a_tunnel_changes_is_seen() {
    let ended = |sum| Event::TunnelEnded(ID, Tunnelled { bytes: 4, sum, clean: true });
    let history = |sum| [Event::Asked(asked()), ended(sum), answered(Got::Left)];
    assert_eq!(broken(history(checksum_of(ID, Whose::Request, 4))), None);
    assert_eq!(broken(history(0)), Some("tunnels carry every byte once"));
}

#[test]
fn a_connection_that_nobody_closes_is_seen() {
    let history = |left| whole(reply(ID, SENT, BACK)).into_iter().chain([left]);
    assert_eq!(broken(history(Event::LeftOver { to_clients: 0, to_backends: 6 })), None);
    for left in [Event::LeftOver { to_clients: 1, to_backends: 0 }, Event::LeftOver { to_clients: 0, to_backends: 7 }] {
        assert_eq!(broken(history(left)), Some("in the end no connection is left over"));
    }
}

#[test]
fn a_request_that_a_stop_cuts_is_seen() {
    let cut = answered(Got::Cut(reply(ID, SENT, BACK - 1)));
    let history = || [Event::Asked(asked()), Event::Delivered(delivered(ID)), cut.clone()].into_iter().chain(healed());
    let stop = |starts| Fault {
        starts: Duration::from_secs(starts),
        lasts: Duration::from_secs(1),
        what: What::Stop("proxy".to_owned()),
    };
    assert_eq!(broken_under(&[stop(2)], history()), Some("a stop loses nothing that was delivered"));
    assert_eq!(broken_under(&[stop(1)], history()), None, "it was not delivered yet");
    assert_eq!(broken_under(&[stop(3)], history()), None, "it was over");
}
