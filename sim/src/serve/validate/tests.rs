use super::*;
use crate::{
    fault::{Fault, What},
    history::{Answered, Asked, Delivered, Found, Seen, State},
    serve::{ClientPlan, Plan, Step},
};

/// A request to extension 0.
const ID: u64 = 2;
const BYTES: usize = 20;
const OBJECT: &str = "services/object";

fn scenario(faults: usize) -> Scenario {
    let step = |act| Step { think: Duration::ZERO, act };
    let steps = vec![
        step(Act::Ask(Ask { id: ID, bytes: BYTES, think: Duration::ZERO })),
        step(Act::Write { object: OBJECT.to_owned(), value: 1, address: Some("10.96.0.10".to_owned()) }),
    ];
    let mut scenario = Scenario::draw(0, None);
    let what = What::Crash("server".to_owned());
    scenario.production.faults = vec![Fault { starts: Duration::ZERO, lasts: Duration::ZERO, what }; faults];
    scenario.plan = Plan { clients: vec![ClientPlan { starts: Duration::ZERO, steps }] };
    scenario
}

fn asked(id: u64) -> Event {
    Event::Asked(Asked { id, method: "GET".to_owned(), body_bytes: 0, leaves_after: None })
}

fn delivered(id: u64, extension: usize) -> Event {
    Event::Delivered(Delivered { id, backend: name(extension), fields: Vec::new() })
}

fn reply(id: u64, extension: usize, bytes: usize) -> Reply {
    Reply {
        status: 200,
        hints: 0,
        backend: Some(name(extension)),
        answers: Some(id),
        echo: None,
        trailer: None,
        body_bytes: bytes,
        body: checksum_of(id, Whose::Reply, bytes),
    }
}

fn answered(id: u64, got: Got) -> Event {
    Event::Answered(Answered { id, got })
}

fn wrote(value: u64, outcome: Outcome) -> Event {
    Event::Wrote(Version { object: OBJECT.to_owned(), value: Some(value) }, outcome)
}

/// A write from its beginning to what became of it.
fn written(object: &str, value: Option<u64>, outcome: Outcome) -> Vec<Event> {
    let version = Version { object: object.to_owned(), value };
    vec![Event::Writes(version.clone()), Event::Wrote(version, outcome)]
}

fn acknowledged(revision: u64) -> Outcome {
    Outcome::Acknowledged(State { revision, address: None })
}

fn with_address(revision: u64, address: &str) -> State {
    State { revision, address: Some(address.to_owned()) }
}

fn found_as(value: Option<u64>, state: State) -> Event {
    Event::Found(Found { object: OBJECT.to_owned(), value, state })
}

/// A value is found as the revision that it has in these tests; that nothing is there has none.
fn found(value: Option<u64>) -> Event {
    found_as(value, State { revision: value.unwrap_or(0), address: None })
}

fn ended() -> Event {
    Event::Ended("server".to_owned())
}

fn unknown() -> Outcome {
    Outcome::Unknown("closed".to_owned())
}

/// What every client gets when all faults are over.
fn healed() -> Vec<Event> {
    let probe = |extension: usize| {
        let id = PROBES_FROM + extension as u64;
        [asked(id), delivered(id, extension), answered(id, Got::Whole(reply(id, extension, 100)))]
    };
    [0, 1].into_iter().flat_map(probe).collect()
}

fn broken_with(faults: usize, events: Vec<Event>, rest: Vec<Event>) -> Option<&'static str> {
    let early = events.into_iter().map(|event| (Duration::ZERO, event));
    let late = rest.into_iter().map(|event| (super::super::HEALED, event));
    let events: Vec<_> = early.chain(late).collect();
    validate(&events, &scenario(faults)).err().map(|broken| broken.promise)
}

/// What is broken by what happens before all faults are over, when what comes behind is as it should be.
fn broken(events: Vec<Event>, value: Option<u64>) -> Option<&'static str> {
    broken_with(1, events, [healed(), vec![found(value)]].concat())
}

#[test]
fn a_run_in_which_all_goes_well_breaks_nothing() {
    let events = vec![
        asked(ID),
        delivered(ID, 0),
        answered(ID, Got::Whole(reply(ID, 0, BYTES))),
        wrote(1, acknowledged(1)),
        found(Some(1)),
    ];
    assert_eq!(broken(events.clone(), Some(1)), None);
    assert_eq!(broken_with(0, events, [healed(), vec![found(Some(1))]].concat()), None);
}

#[test]
fn a_request_that_does_not_end_or_ends_twice_is_seen() {
    let ends = || answered(ID, Got::Nothing("closed".to_owned()));
    assert_eq!(broken(vec![asked(ID)], None), Some("every request ends once"));
    assert_eq!(broken(vec![asked(ID), ends(), ends()], None), Some("every request ends once"));
}

#[test]
fn an_answer_of_the_other_extension_is_seen_and_so_is_a_delivery_to_it() {
    let promise = Some("no response from a backend that was not routed to");
    assert_eq!(broken(vec![asked(ID), answered(ID, Got::Whole(reply(ID, 1, BYTES)))], None), promise);
    assert_eq!(broken(vec![asked(ID), delivered(ID, 1), answered(ID, Got::Nothing(String::new()))], None), promise);
}

#[test]
fn an_answer_to_another_request_is_seen() {
    let other = Reply { answers: Some(ID + 2), ..reply(ID, 0, BYTES) };
    let bytes = Reply { body: 0, ..reply(ID, 0, BYTES) };
    for wrong in [other, bytes, reply(ID, 0, BYTES + 1)] {
        let events = vec![asked(ID), answered(ID, Got::Cut(wrong))];
        assert_eq!(broken(events, None), Some("a response belongs to its request"));
    }
}

#[test]
fn a_cut_answer_that_is_called_whole_is_seen() {
    let answer = |got| vec![asked(ID), answered(ID, got)];
    let promise = Some("no cut response is called complete");
    assert_eq!(broken(answer(Got::Whole(reply(ID, 0, BYTES - 1))), None), promise);
    assert_eq!(broken(answer(Got::Cut(reply(ID, 0, BYTES - 1))), None), None);
}

#[test]
fn a_write_that_was_acknowledged_and_is_gone_is_seen() {
    let promise = Some("an acknowledged write is there");
    let write = |value, outcome| written(OBJECT, Some(value), outcome);
    assert_eq!(broken(write(1, acknowledged(1)), None), promise);
    assert_eq!(broken([write(1, acknowledged(1)), write(2, acknowledged(2))].concat(), Some(1)), promise);
    assert_eq!(broken([write(1, acknowledged(1)), write(2, unknown())].concat(), None), promise);
    assert_eq!(broken(write(2, unknown()), Some(3)), promise);
}

/// A loss of power could take an acknowledged write back to one before it, if nobody knew of that one.
#[test]
fn what_nobody_knew_of_does_not_come_back_behind_what_was_acknowledged() {
    let promise = Some("an acknowledged write is there");
    let events = [written(OBJECT, Some(1), unknown()), written(OBJECT, Some(2), acknowledged(2))].concat();
    assert_eq!(broken(events.clone(), Some(1)), promise);
    let late = [events, vec![found_as(Some(1), State { revision: 3, address: None })]].concat();
    let again = [late, vec![ended()]].concat();
    assert_eq!(
        broken_with(1, again, [healed(), vec![found_as(Some(1), State { revision: 3, address: None })]].concat()),
        None
    );
}

#[test]
fn a_write_that_was_not_acknowledged_may_be_there_or_not() {
    let write = |value, outcome| written(OBJECT, Some(value), outcome);
    assert_eq!(broken(write(1, unknown()), None), None);
    assert_eq!(broken([write(1, acknowledged(1)), write(2, unknown())].concat(), Some(1)), None);
    assert_eq!(broken([write(1, acknowledged(1)), write(2, unknown())].concat(), Some(2)), None);
}

#[test]
fn what_was_found_behind_the_end_of_a_process_stays() {
    let promise = Some("an acknowledged write is there");
    let events = [written(OBJECT, Some(1), unknown()), vec![ended(), found(None)]].concat();
    assert_eq!(broken(events.clone(), None), None);
    assert_eq!(broken(events, Some(1)), promise);
    let alive = [written(OBJECT, Some(1), unknown()), vec![found(None)]].concat();
    assert_eq!(broken(alive, Some(1)), None, "it may be done yet");
}

#[test]
fn a_deletion_that_was_acknowledged_stays_and_one_that_was_not_may() {
    let promise = Some("an acknowledged write is there");
    let made = || written(OBJECT, Some(1), acknowledged(1));
    let deleted = |outcome| [made(), written(OBJECT, None, outcome)].concat();
    assert_eq!(broken(deleted(acknowledged(0)), None), None);
    assert_eq!(broken(deleted(acknowledged(0)), Some(1)), promise);
    assert_eq!(broken(deleted(unknown()), None), None);
    assert_eq!(broken(deleted(unknown()), Some(1)), None);
    let made_again = || [deleted(unknown()), written(OBJECT, Some(2), acknowledged(2))].concat();
    assert_eq!(broken(made_again(), None), None, "it may be done yet");
    assert_eq!(broken([made_again(), vec![ended()]].concat(), None), promise, "nobody can have done it since");
}

#[test]
fn an_address_of_two_services_and_one_that_changed_are_seen() {
    let promise = Some("a service keeps its address and no other has it");
    let made =
        |object, value, address| written(object, Some(value), Outcome::Acknowledged(with_address(value, address)));
    let healed = |events: Vec<Event>| broken_with(1, events, [self::healed(), vec![found(None)]].concat());
    let two = [made("services/a", 5, "10.96.0.1"), made("services/b", 6, "10.96.0.1")].concat();
    assert_eq!(healed(two), promise);
    let changed = [made("services/a", 5, "10.96.0.1"), made("services/a", 6, "10.96.0.2")].concat();
    assert_eq!(healed(changed), promise);
    let deleted = |outcome| written("services/a", None, outcome);
    for outcome in [acknowledged(0), unknown()] {
        let again = made("services/b", 6, "10.96.0.1");
        assert_eq!(healed([made("services/a", 5, "10.96.0.1"), deleted(outcome), again].concat()), None);
    }
}

#[test]
fn an_address_that_is_refused_and_nobody_has_is_seen() {
    let refused = || written(OBJECT, Some(1), Outcome::Refused("422".to_owned()));
    let other = |outcome| written("services/a", Some(5), outcome);
    let held = Outcome::Acknowledged(with_address(5, "10.96.0.10"));
    assert_eq!(broken(refused(), None), Some("an address that nobody has is given"));
    assert_eq!(broken([other(held.clone()), refused()].concat(), None), None);
    let given_back = [other(held.clone()), written("services/a", None, acknowledged(0)), refused()].concat();
    assert_eq!(broken(given_back, None), Some("an address that nobody has is given"));
    let [begins, ends] = refused().try_into().unwrap();
    let meanwhile = [other(held), vec![begins], written("services/a", None, acknowledged(0)), vec![ends]].concat();
    assert_eq!(broken(meanwhile, None), None, "it was not free when it was asked for");
}

#[test]
fn an_event_that_a_watch_missed_or_repeated_or_changed_is_seen() {
    let promise = Some("a watch misses nothing and repeats nothing");
    let acknowledged = |value, revision| wrote(value, acknowledged(revision));
    let seen = |value, revision| Event::Seen(Seen { revision, object: OBJECT.to_owned(), value: Some(value) });
    let told = |events: &[Event]| {
        let written = vec![acknowledged(1, 5), acknowledged(2, 7), Event::Watches("services".to_owned(), 4)];
        let left = found_as(Some(2), State { revision: 7, address: None });
        broken_with(1, [written, events.to_vec()].concat(), [healed(), vec![left]].concat())
    };
    assert_eq!(told(&[seen(1, 5), seen(2, 7)]), None);
    assert_eq!(told(&[seen(1, 5)]), None, "the rest may be on its way");
    assert_eq!(told(&[seen(2, 7)]), promise, "missed");
    assert_eq!(told(&[seen(1, 5), seen(1, 5)]), promise, "repeated");
    assert_eq!(told(&[seen(2, 5)]), promise, "changed");
    assert_eq!(told(&[seen(1, 5), Event::Watches("services".to_owned(), 4), seen(1, 5)]), None, "another watch");
}

#[test]
fn without_a_fault_nothing_may_fail() {
    let promise = Some("what nothing disturbs succeeds");
    let rest = || [healed(), vec![found(None)]].concat();
    assert_eq!(broken_with(0, vec![wrote(1, unknown())], rest()), promise);
    assert_eq!(broken_with(0, vec![asked(ID), answered(ID, Got::Nothing("closed".to_owned()))], rest()), promise);
}

#[test]
fn what_is_not_served_again_after_healing_is_seen() {
    let promise = Some("after healing everything is served");
    assert_eq!(broken_with(1, Vec::new(), vec![found(None)]), promise, "extensions");
    assert_eq!(broken_with(1, vec![found(None)], healed()), promise, "objects");
}
