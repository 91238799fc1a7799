use super::*;
use crate::{
    fault::Fault,
    history::{Answered, Replied, Tunnelled},
    traffic::Behind,
    validate::{
        tests::{ID, answered, asked, delivered, ended, healed, reply, scenario},
        validate,
    },
};

/// The promise that these events break, at these milliseconds, if the one exchange of the run is like this.
fn broken(change: impl FnOnce(&mut Exchange), faults: &[Fault], events: &[(u64, Event)]) -> Option<&'static str> {
    let mut scenario = scenario(faults);
    scenario.back = if faults.is_empty() { Speech::Plain } else { Speech::Http2 };
    change(&mut scenario.traffic.clients[0].exchanges[0]);
    let events = events.iter().map(|(at, event)| (Duration::from_millis(*at), event.clone()));
    let events: Vec<_> = events.chain(healed().map(|event| (Duration::from_mins(1), event))).collect();
    validate(&events, &scenario).err().map(|broken| broken.promise)
}

fn replied(end: ReplyEnd) -> Event {
    Event::Replied(Replied { id: ID, backend: "backend-0".to_owned(), end })
}

#[test]
fn a_backend_that_works_on_for_nobody_is_seen() {
    let judge = |told| {
        let told = (told, replied(ReplyEnd::Unwanted));
        let before = [(0, Event::Asked(asked())), (1, Event::Delivered(delivered(ID))), (2, Event::BodyEnded(ended()))];
        let events = [before.to_vec(), vec![(100, answered(Got::Left)), told]].concat();
        let leaves = |it: &mut Exchange| it.request.leaves = Some((Spot::Waiting(Duration::ZERO), Leave::Close));
        broken(leaves, &[], &events)
    };
    assert_eq!(judge(122), None);
    assert_eq!(judge(123), Some("a request that nobody waits for is given up"));
}

#[test]
fn a_cut_that_is_told_late_is_seen() {
    let judge = |told| {
        let cut = (told, answered(Got::Cut(reply(ID, 10, 5))));
        let before = [(0, Event::Asked(asked())), (1, Event::Delivered(delivered(ID))), (2, Event::BodyEnded(ended()))];
        let events = [before.to_vec(), vec![(10, replied(ReplyEnd::Cut)), cut]].concat();
        broken(|it| it.reply.cut = Some((5, Leave::Reset)), &[], &events)
    };
    assert_eq!(judge(20), None);
    assert_eq!(judge(1_020), Some("a cut answer ends at once"));
}

#[test]
fn an_end_of_a_tunnel_that_outlives_the_other_is_seen() {
    let judge = |released| {
        let tunnelled = Tunnelled { bytes: 0, sum: crate::history::Checksum::EMPTY.0, clean: false };
        let events = [
            (0, Event::Asked(asked())),
            (1, Event::Delivered(delivered(ID))),
            (10, Event::Answered(Answered { id: ID, got: Got::Left })),
            (released, Event::TunnelEnded(ID, tunnelled)),
        ];
        let tunnel = |it: &mut Exchange| {
            it.request.method = Method::Upgrade;
            it.request.leaves = Some((Spot::Body(0), Leave::Reset));
        };
        broken(tunnel, &[], &events)
    };
    assert_eq!(judge(1_000), None);
    assert_eq!(judge(1_100), Some("both ends of a tunnel are released together"));
}

#[test]
fn somebody_who_waits_for_a_stuck_neighbour_is_seen() {
    let judge = |served| {
        let whole = (served, answered(Got::Whole(reply(ID, 10, 20))));
        let before = [(0, Event::Asked(asked())), (1, Event::Delivered(delivered(ID))), (2, Event::BodyEnded(ended()))];
        broken(|it| it.reply.behind = Behind::Open, &[], &[before.to_vec(), vec![whole]].concat())
    };
    assert_eq!(judge(4_900), None);
    assert_eq!(judge(5_000), Some("a stuck neighbour keeps nobody waiting"));
}

#[test]
fn a_dead_backend_that_is_noticed_late_is_seen() {
    let what = What::PowerLoss("backend-0".to_owned());
    let dead = Fault { starts: Duration::from_millis(100), lasts: DEAD_FOR, what };
    let judge = |told| {
        let nothing = (told, answered(Got::Nothing(String::new())));
        let before = [(0, Event::Asked(asked())), (1, Event::Delivered(delivered(ID))), (2, Event::BodyEnded(ended()))];
        broken(|_| {}, std::slice::from_ref(&dead), &[before.to_vec(), vec![nothing]].concat())
    };
    assert_eq!(judge(11_100), None);
    assert_eq!(judge(11_101), Some("a dead backend is noticed within ten seconds"));
}
