//! Promises about time: what has lost its meaning ends soon, and nobody waits for somebody else.

use std::{collections::BTreeMap, time::Duration};

use super::Facts;
use crate::{
    fault::{DEAD_FOR, What},
    history::{Event, Got, ReplyEnd},
    scenario::Scenario,
    traffic::{Exchange, Leave, Method, STUCK_FOR, Speech, Spot},
    world::Mishaps,
};

impl Facts<'_> {
    /// When this first happened.
    fn at(&self, wanted: impl Fn(&Event) -> bool) -> Option<Duration> {
        self.events.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at)
    }

    fn answered_at(&self, id: u64) -> Option<Duration> {
        self.at(|event| matches!(event, Event::Answered(answered) if answered.id == id))
    }

    fn asked_at(&self, id: u64) -> Option<Duration> {
        self.at(|event| matches!(event, Event::Asked(asked) if asked.id == id))
    }

    /// Whether what a client does is known to the proxy as soon as the link allows.
    fn is_prompt(&self) -> bool {
        self.faults.is_empty() && self.scenario.mishaps == Mishaps::None
    }

    /// How long news takes from one end to the other, through the proxy: it may take 20 ms. On each link that others use too, what they
    /// send may be on its way before, a window at a time.
    fn passes_on(&self) -> Duration {
        let Scenario { production, front, back, .. } = self.scenario;
        let shared = [front, back].into_iter().filter(|speech| **speech == Speech::Http2).count();
        let sent: usize = self.exchanges().map(|exchange| exchange.request.body.bytes).sum();
        let windows = u32::try_from(shared * (1 + sent / production.knobs.window)).unwrap_or(u32::MAX);
        production.link_latency * 2 * (1 + windows) + Duration::from_millis(20)
    }

    /// How long an exchange that nobody disturbs takes: its own plan, and its bodies a window at a time, each of which is asked for from
    /// the other end of a link.
    fn may_take(&self, exchange: &Exchange) -> Duration {
        let production = &self.scenario.production;
        let windows = (exchange.request.body.bytes + exchange.reply_bytes()) / production.knobs.window;
        let round_trip = production.link_latency * 2;
        exchange.takes() + round_trip * u32::try_from(windows).unwrap_or(u32::MAX)
    }
}

/// The client has left, its request was delivered whole: its backend knows soon, if it has not answered by then.
pub(super) fn a_request_that_nobody_waits_for_is_given_up(facts: &Facts<'_>) -> Result<(), String> {
    if !facts.is_prompt() {
        return Ok(());
    }
    for exchange in facts.exchanges().filter(|exchange| leaves_waiting(exchange)) {
        let id = exchange.id;
        let (Some(Got::Left), Some(left)) = (facts.got.get(&id).and_then(|gots| gots.first()), facts.answered_at(id))
        else {
            continue;
        };
        let read = facts.at(|event| matches!(event, Event::BodyEnded(ended) if ended.id == id && ended.whole));
        let replied = facts.at(|event| matches!(event, Event::Replied(replied) if replied.id == id));
        if read.is_some_and(|read| read < left) && replied.is_none_or(|replied| replied > left + facts.passes_on()) {
            return Err(format!("the client of request {id} left at {left:?}, its backend was told at {replied:?}"));
        }
    }
    Ok(())
}

fn leaves_waiting(exchange: &Exchange) -> bool {
    matches!(exchange.request.leaves, Some((Spot::Waiting(_), _)))
}

/// A backend has left in the middle of an answer: its client knows soon.
pub(super) fn a_cut_answer_ends_at_once(facts: &Facts<'_>) -> Result<(), String> {
    // The rest of what was sent before may take a while through a small window, and behind what others are sent.
    if !facts.is_prompt() || facts.scenario.production.knobs.window < 16_384 {
        return Ok(());
    }
    // A request that was sent again ends with its last answer.
    let replied = facts.events.iter().filter_map(|(at, event)| match event {
        Event::Replied(replied) => Some((replied.id, (at, replied))),
        _ => None,
    });
    for (at, replied) in replied.collect::<BTreeMap<_, _>>().into_values() {
        let exchange = facts.traffic.exchange(replied.id);
        let reads = exchange.is_some_and(|it| it.request.leaves.is_none() && it.request.stuck.is_zero());
        if replied.end != ReplyEnd::Cut || !reads {
            continue;
        }
        let answered = facts.answered_at(replied.id);
        if answered.is_none_or(|answered| answered > *at + SOON) {
            return Err(format!("request {} was cut at {at:?}, its client was told at {answered:?}", replied.id));
        }
    }
    Ok(())
}

/// One end of a tunnel was reset: the other one is released within a second.
pub(super) fn both_ends_of_a_tunnel_are_released_together(facts: &Facts<'_>) -> Result<(), String> {
    if !facts.is_prompt() {
        return Ok(());
    }
    for exchange in facts.exchanges().filter(|exchange| exchange.request.method == Method::Upgrade) {
        let id = exchange.id;
        let delivered = facts.delivered.contains_key(&id);
        let reset = exchange.request.leaves.is_some_and(|(_, leave)| leave == Leave::Reset);
        if !delivered || !reset || exchange.reply.cut.is_some() {
            continue;
        }
        let Some(left) = facts.answered_at(id) else { continue };
        let ended = facts.at(|event| matches!(event, Event::TunnelEnded(of, _) if *of == id));
        // The backend is done with what it has to say before it looks.
        let due = left + exchange.reply.body.takes() + SECOND + facts.passes_on();
        if ended.is_none_or(|ended| ended > due) {
            return Err(format!("the client of tunnel {id} left at {left:?}, its backend was released at {ended:?}"));
        }
    }
    Ok(())
}

/// Somebody does not read: all others are served meanwhile.
pub(super) fn a_stuck_neighbour_keeps_nobody_waiting(facts: &Facts<'_>) -> Result<(), String> {
    if !facts.is_prompt() {
        return Ok(());
    }
    facts.exchanges().filter(|exchange| exchange.is_peaceful()).try_for_each(|exchange| {
        let (Some(asked), Some(answered)) = (facts.asked_at(exchange.id), facts.answered_at(exchange.id)) else {
            return Ok(());
        };
        let took = answered - asked;
        if took < facts.may_take(exchange) + STUCK_FOR - SECOND {
            return Ok(());
        }
        Err(format!("request {} took {took:?} instead of about {:?}", exchange.id, facts.may_take(exchange)))
    })
}

/// A backend lost its power while it had requests on connections of HTTP/2: their clients are told.
pub(super) fn a_dead_backend_is_noticed(facts: &Facts<'_>) -> Result<(), String> {
    if facts.scenario.back != Speech::Http2 || facts.scenario.mishaps != Mishaps::None {
        return Ok(());
    }
    let dead = facts.faults.iter().find(|fault| fault.lasts == DEAD_FOR);
    let Some((since, What::PowerLoss(victim))) = dead.map(|fault| (fault.starts, &fault.what)) else { return Ok(()) };
    for (id, delivered) in &facts.delivered {
        let (Some(exchange), Some(answered)) = (facts.traffic.exchange(*id), facts.answered_at(*id)) else { continue };
        let before =
            facts.at(|event| matches!(event, Event::Delivered(it) if it.id == *id)).is_some_and(|at| at < since);
        let there = before && delivered.len() == 1 && delivered[0].backend == *victim;
        let http2 = exchange.request.method != Method::Upgrade;
        let due = since + NOTICED_WITHIN + exchange.takes() + SECOND;
        if there && http2 && since < answered && answered > due {
            return Err(format!("{victim} was dead at {since:?}, request {id} was answered at {answered:?}"));
        }
    }
    Ok(())
}

const SECOND: Duration = Duration::from_secs(1);
/// What is on its way through the proxy, and some round trips.
const SOON: Duration = Duration::from_secs(1);
const NOTICED_WITHIN: Duration = Duration::from_secs(10);

#[cfg(test)]
mod tests;
