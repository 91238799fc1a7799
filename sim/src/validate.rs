//! Holds a run's history against the promises, one function each.

mod facts;
mod in_time;

use std::time::Duration;

use self::facts::Facts;
use crate::{
    fault::What,
    history::{Asked, Event, Got},
    scenario::{PROBES_FROM, Scenario},
    traffic::{Behind, Exchange, Method, Shape, Speech, Unseen, Whose, checksum_of},
    world::Mishaps,
};

/// A promise that a run broke.
#[derive(Debug, thiserror::Error)]
#[error("{promise}: {how}")]
pub struct Broken {
    /// The promise.
    pub promise: &'static str,
    /// How it was broken.
    pub how: String,
}

type Promise = fn(&Facts<'_>) -> Result<(), String>;

/// First what the other promises build upon.
const PROMISES: [(&str, Promise); 19] = [
    ("every request ends once", every_request_ends_once),
    ("a response belongs to its request", a_response_belongs_to_its_request),
    ("no cut response is called complete", no_cut_response_is_called_complete),
    ("no cut request is called complete", no_cut_request_is_called_complete),
    ("no backend answers that was not asked", no_backend_answers_that_was_not_asked),
    ("no field of one hop goes further", no_field_of_one_hop_goes_further),
    ("nothing is delivered twice that may not be", nothing_is_delivered_twice_that_may_not_be),
    ("what is said early arrives", what_is_said_early_arrives),
    ("trailers come behind a whole body", trailers_come_behind_a_whole_body),
    ("tunnels carry every byte once", tunnels_carry_every_byte_once),
    ("what nothing disturbs succeeds", what_nothing_disturbs_succeeds),
    ("a request that nobody waits for is given up", in_time::a_request_that_nobody_waits_for_is_given_up),
    ("a cut answer ends at once", in_time::a_cut_answer_ends_at_once),
    ("both ends of a tunnel are released together", in_time::both_ends_of_a_tunnel_are_released_together),
    ("a stuck neighbour keeps nobody waiting", in_time::a_stuck_neighbour_keeps_nobody_waiting),
    ("a dead backend is noticed within ten seconds", in_time::a_dead_backend_is_noticed),
    ("a stop loses nothing that was delivered", a_stop_loses_nothing_that_was_delivered),
    ("after healing everybody is served", after_healing_everybody_is_served),
    ("in the end no connection is left over", in_the_end_no_connection_is_left_over),
];

/// The first promise that the events break. Without faults and mishaps more is promised.
pub fn validate(events: &[(Duration, Event)], scenario: &Scenario) -> Result<(), Broken> {
    let facts = Facts::of(events, scenario);
    PROMISES.iter().try_for_each(|(promise, holds)| holds(&facts).map_err(|how| Broken { promise, how }))
}

fn every_request_ends_once(facts: &Facts<'_>) -> Result<(), String> {
    facts.asked.keys().try_for_each(|id| match facts.got.get(id).map_or(0, Vec::len) {
        1 => Ok(()),
        count => Err(format!("request {id} ended {count} times")),
    })
}

fn a_response_belongs_to_its_request(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, whole) in facts.replies().filter(|(_, reply, _)| reply.backend.is_some()) {
        if reply.answers != Some(id) {
            return Err(format!("request {id} got the answer to {:?}", reply.answers));
        }
        if reply.body_bytes > facts.reply_bytes(id) || reply.body != checksum_of(id, Whose::Reply, reply.body_bytes) {
            return Err(format!("request {id} got {} bytes that are not its own", reply.body_bytes));
        }
        let sent = facts.asked.get(&id).map_or(0, |asked| asked.body_bytes);
        let early = facts.traffic.exchange(id).is_some_and(|exchange| exchange.reply.shape == Shape::Early);
        if whole && !early && reply.echo != Some(checksum_of(id, Whose::Request, sent)) {
            return Err(format!("request {id} was answered by a backend that read another body"));
        }
    }
    Ok(())
}

fn no_cut_response_is_called_complete(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, whole) in facts.replies().filter(|(_, reply, _)| reply.backend.is_some()) {
        if whole && reply.body_bytes != facts.reply_bytes(id) {
            return Err(format!("request {id}: {} of {} bytes", reply.body_bytes, facts.reply_bytes(id)));
        }
    }
    Ok(())
}

fn no_cut_request_is_called_complete(facts: &Facts<'_>) -> Result<(), String> {
    for (_, event) in facts.events {
        let Event::BodyEnded(ended) = event else { continue };
        let Some(asked) = facts.asked.get(&ended.id) else {
            return Err(format!("{} saw request {} that nobody sent", ended.backend, ended.id));
        };
        let cut = asked.leaves_after.is_some_and(|bytes| bytes < asked.body_bytes);
        if ended.body != checksum_of(ended.id, Whose::Request, ended.bytes) || ended.bytes > asked.body_bytes {
            return Err(format!(
                "{} read {} bytes of another body as request {}",
                ended.backend, ended.bytes, ended.id
            ));
        }
        if ended.whole && (cut || ended.bytes != asked.body_bytes) {
            return Err(format!("request {}: {} of {} bytes", ended.id, ended.bytes, asked.body_bytes));
        }
    }
    Ok(())
}

fn no_backend_answers_that_was_not_asked(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, _) in facts.replies() {
        let Some(backend) = &reply.backend else { continue };
        let asked = facts.delivered.get(&id).is_some_and(|all| all.iter().any(|one| one.backend == *backend));
        if !asked {
            return Err(format!("request {id} was answered by {backend}"));
        }
    }
    Ok(())
}

fn no_field_of_one_hop_goes_further(facts: &Facts<'_>) -> Result<(), String> {
    for delivered in facts.delivered.values().flatten() {
        if let Some(field) = delivered.fields.iter().find(|field| ONE_HOP.contains(&field.as_str())) {
            return Err(format!("request {} reached {} with {field}", delivered.id, delivered.backend));
        }
    }
    Ok(())
}

/// As Go: what has no body, and changes nothing by its method or by its client's word.
fn nothing_is_delivered_twice_that_may_not_be(facts: &Facts<'_>) -> Result<(), String> {
    for (id, delivered) in facts.delivered.iter().filter(|(_, delivered)| delivered.len() > 1) {
        let idempotent = facts.traffic.exchange(*id).is_some_and(|exchange| exchange.request.idempotent);
        let may = |asked: &Asked| asked.method != "POST" || (asked.body_bytes == 0 && idempotent);
        if !facts.asked.get(id).is_some_and(|asked| may(asked)) {
            return Err(format!("request {id} was delivered {} times", delivered.len()));
        }
    }
    Ok(())
}

fn what_is_said_early_arrives(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, _) in facts.replies().filter(|(_, reply, _)| reply.backend.is_some()) {
        let said = usize::from(facts.traffic.exchange(id).is_some_and(|exchange| exchange.reply.hints));
        if reply.hints != said {
            return Err(format!("request {id}: {} of {said} heads of 103", reply.hints));
        }
    }
    Ok(())
}

fn trailers_come_behind_a_whole_body(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, whole) in facts.replies().filter(|(_, reply, _)| reply.backend.is_some()) {
        let sent = facts.traffic.exchange(id).is_some_and(|exchange| exchange.reply.shape == Shape::Trailer);
        let expected = (whole && sent).then(|| checksum_of(id, Whose::Reply, facts.reply_bytes(id)));
        if reply.trailer != expected {
            return Err(format!("request {id}: trailer {:?} instead of {expected:?}", reply.trailer));
        }
    }
    Ok(())
}

fn tunnels_carry_every_byte_once(facts: &Facts<'_>) -> Result<(), String> {
    let at_backends = facts.events.iter().filter_map(|(_, event)| match event {
        Event::TunnelEnded(id, ended) => Some((*id, Whose::Request, ended)),
        _ => None,
    });
    let at_clients = facts.got.iter().flat_map(|(id, gots)| gots.iter().map(|got| (*id, *got)));
    let at_clients = at_clients.filter_map(|(id, got)| match got {
        Got::Tunnel(ended) => Some((id, Whose::Reply, ended)),
        _ => None,
    });
    for (id, whose, ended) in at_backends.chain(at_clients) {
        let Some(exchange) = facts.traffic.exchange(id) else { return Err(format!("tunnel {id} was not asked for")) };
        let sent = match whose {
            Whose::Request => exchange.request.body.bytes,
            Whose::Reply => exchange.reply.body.bytes,
        };
        if ended.bytes > sent || ended.sum != checksum_of(id, whose, ended.bytes) {
            return Err(format!("tunnel {id}: {} bytes that are not the {whose:?}'s", ended.bytes));
        }
        let calm = facts.is_calm() && exchange.is_peaceful();
        if calm && (ended.bytes != sent || !ended.clean) {
            return Err(format!("tunnel {id}: {} of {sent} bytes, clean: {}", ended.bytes, ended.clean));
        }
    }
    Ok(())
}

fn what_nothing_disturbs_succeeds(facts: &Facts<'_>) -> Result<(), String> {
    if !facts.is_calm() {
        return Ok(());
    }
    // A request that meets a connection just being closed in silence may fail, as nobody knows whether it was delivered. And a 408 that
    // meets it on its way is its answer.
    let mut exchanges = facts.exchanges();
    let silent = |exchange: &Exchange| matches!(exchange.reply.behind, Behind::Silent(_) | Behind::TiresOfWaiting(_));
    let silent = facts.scenario.back != Speech::Http2 && exchanges.clone().any(silent);
    let silent = silent || exchanges.clone().any(|exchange| !exchange.is_peaceful());
    let tires = exchanges.clone().any(|exchange| matches!(exchange.reply.behind, Behind::TiresOfWaiting(_)));
    // One GOAWAY leaves all behind that came later.
    let left_behind = exchanges.clone().any(|exchange| exchange.reply.unseen == Unseen::LeftBehind);
    exchanges.try_for_each(|exchange| {
        // What was not seen is sent again, but not a body that was begun.
        let unseen = left_behind || exchange.reply.unseen == Unseen::Refused;
        let unseen = unseen && facts.scenario.back == Speech::Http2;
        let excused = !exchange.is_peaceful() || ((silent || unseen) && exchange.request.method == Method::Post);
        let got = facts.got.get(&exchange.id).and_then(|gots| gots.first());
        match got {
            _ if excused => Ok(()),
            Some(Got::Whole(reply)) if reply.backend.is_some() || (tires && reply.status == 408) => Ok(()),
            Some(Got::Tunnel(_)) => Ok(()),
            Some(Got::Nothing(why)) if tires && why.starts_with("no tunnel: 408") => Ok(()),
            got => Err(format!("request {} got {got:?}", exchange.id)),
        }
    })
}

fn a_stop_loses_nothing_that_was_delivered(facts: &Facts<'_>) -> Result<(), String> {
    if facts.faults.iter().any(|fault| !matches!(fault.what, What::Stop(_))) {
        return Ok(());
    }
    let at = |wanted: &dyn Fn(&Event) -> bool| facts.events.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at);
    if facts.scenario.mishaps == Mishaps::All {
        return Ok(());
    }
    for exchange in facts.exchanges() {
        let id = exchange.id;
        let delivered = at(&|event| matches!(event, Event::Delivered(delivered) if delivered.id == id));
        let answered = at(&|event| matches!(event, Event::Answered(answered) if answered.id == id));
        let (Some(delivered), Some(answered)) = (delivered, answered) else { continue };
        // A second stop, or the end of one, ends what still runs; what came behind the first one, too.
        let was_stopping =
            facts.faults.iter().any(|fault| (fault.starts..fault.starts + fault.lasts).contains(&delivered));
        let within = |moment: Duration| usize::from(delivered < moment && moment <= answered);
        let stops: usize = facts.faults.iter().map(|fault| within(fault.starts)).sum();
        let ends: usize = facts.faults.iter().map(|fault| within(fault.starts + fault.lasts)).sum();
        let met = !was_stopping && (stops, ends) == (1, 0);
        let got = facts.got.get(&id).and_then(|gots| gots.first());
        if met && exchange.is_peaceful() && !matches!(got, Some(Got::Whole(_) | Got::Tunnel(_))) {
            return Err(format!("request {id} got {got:?}"));
        }
    }
    Ok(())
}

fn after_healing_everybody_is_served(facts: &Facts<'_>) -> Result<(), String> {
    // Connections of HTTP/2 that idle do not know that their backend lost its power: each costs a request, as in Go.
    let lost_power = facts.faults.iter().any(|fault| matches!(fault.what, What::PowerLoss(_)));
    if lost_power && facts.scenario.back == Speech::Http2 && facts.scenario.workers > 1 {
        return Ok(());
    }
    (0..facts.traffic.clients.len() as u64).try_for_each(|client| {
        let first = PROBES_FROM + 3 * client;
        let served = (first..first + 3).filter_map(|id| facts.got.get(&id)).flatten().any(|got| got.is_success());
        if served { Ok(()) } else { Err(format!("client {client} got {:?}", facts.got.get(&first))) }
    })
}

fn in_the_end_no_connection_is_left_over(facts: &Facts<'_>) -> Result<(), String> {
    // A machine that lost its power says nothing: whoever only reads from it waits for as long as TCP does.
    if facts.faults.iter().any(|fault| matches!(fault.what, What::PowerLoss(_))) {
        return Ok(());
    }
    // A client of HTTP/2 asks all that it has to ask at a time, one of HTTP/1 one after the other; any worker may have kept as many.
    let clients = facts.traffic.clients.len();
    let at_a_time = if facts.scenario.front == Speech::Http2 { facts.exchanges().count() } else { clients };
    let kept_max = KEPT_MAX.max(at_a_time * facts.scenario.workers);
    facts.events.iter().try_for_each(|(_, event)| match event {
        Event::LeftOver { to_clients: 1.., .. } => Err(event.to_string()),
        Event::LeftOver { to_backends, .. } if *to_backends > kept_max => Err(event.to_string()),
        _ => Ok(()),
    })
}

/// Idle connections to backends that the proxy may keep for few clients: a client that leaves asks again while its request still runs.
const KEPT_MAX: usize = 6;
/// The fields that clients add and that must stay on their hop.
const ONE_HOP: [&str; 2] = ["keep-alive", "x-one-hop"];
/// The answer to a probe.
const PROBE_BYTES: usize = 100;

#[cfg(test)]
mod tests;
