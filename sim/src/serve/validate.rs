//! Holds a run's history against the promises, one function each.

mod objects;

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use super::{
    Scenario,
    extension::name,
    plan::{Act, Ask},
};
use crate::{
    history::{Event, Got, Outcome, Reply, Version},
    scenario::PROBES_FROM,
    traffic::{Whose, checksum_of},
    validate::Broken,
};

type Promise = fn(&Facts<'_>) -> Result<(), String>;

/// First what the other promises build upon.
const PROMISES: [(&str, Promise); 10] = [
    ("every request ends once", every_request_ends_once),
    ("no response from a backend that was not routed to", no_response_from_a_backend_that_was_not_routed_to),
    ("a response belongs to its request", a_response_belongs_to_its_request),
    ("no cut response is called complete", no_cut_response_is_called_complete),
    ("an acknowledged write is there", objects::an_acknowledged_write_is_there),
    ("a service keeps its address and no other has it", objects::a_service_keeps_its_address_and_no_other_has_it),
    ("an address that nobody has is given", objects::an_address_that_nobody_has_is_given),
    ("a watch misses nothing and repeats nothing", a_watch_misses_nothing_and_repeats_nothing),
    ("what nothing disturbs succeeds", what_nothing_disturbs_succeeds),
    ("after healing everything is served", after_healing_everything_is_served),
];

/// The first promise that the events break.
///
/// # Errors
/// A promise is broken.
pub fn validate(events: &[(Duration, Event)], scenario: &Scenario) -> Result<(), Broken> {
    let facts = Facts { events, scenario };
    PROMISES.iter().try_for_each(|(promise, holds)| holds(&facts).map_err(|how| Broken { promise, how }))
}

struct Facts<'a> {
    events: &'a [(Duration, Event)],
    scenario: &'a Scenario,
}

impl<'a> Facts<'a> {
    fn answers(&self) -> impl Iterator<Item = (u64, &'a Got)> + use<'a> {
        self.events.iter().filter_map(|(_, event)| match event {
            Event::Answered(answered) => Some((answered.id, &answered.got)),
            _ => None,
        })
    }

    /// All answers that extension servers gave, and whether they are whole.
    fn replies(&self) -> impl Iterator<Item = (u64, &'a Reply, bool)> + use<'a> {
        self.answers().filter_map(|(id, got)| match got {
            Got::Whole(reply) if reply.backend.is_some() => Some((id, reply, true)),
            Got::Cut(reply) if reply.backend.is_some() => Some((id, reply, false)),
            _ => None,
        })
    }
}

fn every_request_ends_once(facts: &Facts<'_>) -> Result<(), String> {
    let mut open = BTreeSet::new();
    for (_, event) in facts.events {
        let fits = match event {
            Event::Asked(asked) => open.insert(asked.id),
            Event::Answered(answered) => open.remove(&answered.id),
            _ => true,
        };
        if !fits {
            return Err(event.to_string());
        }
    }
    open.first().map_or(Ok(()), |id| Err(format!("request {id} did not end")))
}

fn no_response_from_a_backend_that_was_not_routed_to(facts: &Facts<'_>) -> Result<(), String> {
    let answered =
        facts.replies().filter_map(|(id, reply, _)| Some((id, reply.backend.as_deref()?, "was answered by")));
    let delivered = facts.events.iter().filter_map(|(_, event)| match event {
        Event::Delivered(delivered) => Some((delivered.id, &*delivered.backend, "was delivered to")),
        _ => None,
    });
    for (id, backend, how) in answered.chain(delivered) {
        let routed = name(Ask::extension(id));
        if backend != routed {
            return Err(format!("request {id} {how} {backend} instead of {routed}"));
        }
    }
    Ok(())
}

fn a_response_belongs_to_its_request(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, _) in facts.replies() {
        let all = facts.scenario.plan.ask(id).bytes;
        let own = reply.body_bytes <= all && reply.body == checksum_of(id, Whose::Reply, reply.body_bytes);
        if reply.answers != Some(id) || !own {
            return Err(format!("request {id} got {reply:?}"));
        }
    }
    Ok(())
}

fn no_cut_response_is_called_complete(facts: &Facts<'_>) -> Result<(), String> {
    for (id, reply, whole) in facts.replies() {
        let all = facts.scenario.plan.ask(id).bytes;
        if whole && reply.body_bytes != all {
            return Err(format!("request {id}: {} of {all} bytes", reply.body_bytes));
        }
    }
    Ok(())
}

fn a_watch_misses_nothing_and_repeats_nothing(facts: &Facts<'_>) -> Result<(), String> {
    super::WATCHED.into_iter().try_for_each(|collection| a_watch_misses_nothing_of(collection, facts))
}

fn a_watch_misses_nothing_of(collection: &str, facts: &Facts<'_>) -> Result<(), String> {
    let is_in = |object: &str| object.split_once('/').is_some_and(|(own, _)| own == collection);
    // An acknowledgement may be read behind the event of its write. That of a deletion tells no revision.
    let acknowledged: BTreeMap<u64, &Version> = facts
        .events
        .iter()
        .filter_map(|(_, event)| match event {
            Event::Wrote(version, Outcome::Acknowledged(state)) if is_in(&version.object) => {
                Some((state.revision, version))
            }
            _ => None,
        })
        .collect();
    let mut passed = 0;
    for (_, event) in facts.events {
        match event {
            Event::Watches(watched, after) if watched == collection => passed = *after,
            Event::Seen(seen) if !is_in(&seen.object) => {}
            Event::Seen(seen) if seen.revision <= passed => return Err(format!("{event} behind {passed}")),
            Event::Seen(seen) => {
                if let Some((missed, version)) = acknowledged.range(passed + 1..seen.revision).next() {
                    return Err(format!("{version:?} at {missed} was missed before {event}"));
                }
                let other = acknowledged
                    .get(&seen.revision)
                    .is_some_and(|version| (&version.object, version.value) != (&seen.object, seen.value));
                if other {
                    return Err(format!("{event} is not what was written"));
                }
                passed = seen.revision;
            }
            _ => {}
        }
    }
    Ok(())
}

fn what_nothing_disturbs_succeeds(facts: &Facts<'_>) -> Result<(), String> {
    if !facts.scenario.production.faults.is_empty() {
        return Ok(());
    }
    facts.events.iter().try_for_each(|(_, event)| match event {
        Event::Wrote(_, Outcome::Unknown(_)) => Err(event.to_string()),
        Event::Answered(answered) if !answered.got.is_success() => Err(event.to_string()),
        _ => Ok(()),
    })
}

fn after_healing_everything_is_served(facts: &Facts<'_>) -> Result<(), String> {
    let probed = facts.answers().filter(|(id, got)| *id >= PROBES_FROM && got.is_success()).count();
    let clients = &facts.scenario.plan.clients;
    if probed < clients.len() * super::EXTENSIONS.1 {
        return Err(format!("{probed} probes of {} clients were answered", clients.len()));
    }
    let read: BTreeSet<&str> = facts
        .events
        .iter()
        .filter_map(|(at, event)| match event {
            Event::Found(found) if *at >= super::HEALED => Some(found.object.as_str()),
            _ => None,
        })
        .collect();
    let mut written = clients.iter().flat_map(|client| &client.steps).filter_map(|step| match &step.act {
        Act::Write { object, .. } | Act::Delete { object } => Some(object),
        Act::Read { .. } | Act::Ask(_) => None,
    });
    match written.find(|object| !read.contains(object.as_str())) {
        Some(object) => Err(format!("{object} was not read")),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
