use std::{collections::BTreeMap, time::Duration};

use super::PROBE_BYTES;
use crate::{
    fault::Fault,
    history::{Asked, Delivered, Event, Got, Reply},
    scenario::Scenario,
    traffic::{Exchange, Traffic},
    world::Mishaps,
};

/// What the events say, by request.
pub(super) struct Facts<'a> {
    pub(super) events: &'a [(Duration, Event)],
    pub(super) scenario: &'a Scenario,
    pub(super) traffic: &'a Traffic,
    pub(super) faults: &'a [Fault],
    pub(super) asked: BTreeMap<u64, &'a Asked>,
    pub(super) got: BTreeMap<u64, Vec<&'a Got>>,
    pub(super) delivered: BTreeMap<u64, Vec<&'a Delivered>>,
}

impl<'a> Facts<'a> {
    pub(super) fn of(events: &'a [(Duration, Event)], scenario: &'a Scenario) -> Self {
        let (traffic, faults) = (&scenario.traffic, &scenario.production.faults[..]);
        let (asked, got, delivered) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let mut facts = Self { events, scenario, traffic, faults, asked, got, delivered };
        for (_, event) in events {
            match event {
                Event::Asked(asked) => drop(facts.asked.insert(asked.id, asked)),
                Event::Answered(answered) => facts.got.entry(answered.id).or_default().push(&answered.got),
                Event::Delivered(delivered) => facts.delivered.entry(delivered.id).or_default().push(delivered),
                Event::Socket { .. }
                | Event::Fault(_)
                | Event::BodyEnded(_)
                | Event::Replied(_)
                | Event::TunnelEnded(..)
                | Event::Writes(_)
                | Event::Wrote(..)
                | Event::Ended(_)
                | Event::Found(_)
                | Event::Watches(..)
                | Event::Seen(_)
                | Event::LeftOver { .. } => {}
            }
        }
        facts
    }

    /// All responses, whole or cut, with the request they were read for.
    pub(super) fn replies(&self) -> impl Iterator<Item = (u64, &'a Reply, bool)> {
        self.got.iter().flat_map(|(id, gots)| gots.iter().map(|got| (*id, *got))).filter_map(|(id, got)| match got {
            Got::Whole(reply) => Some((id, reply, true)),
            Got::Cut(reply) => Some((id, reply, false)),
            Got::Nothing(_) | Got::Left | Got::Tunnel(_) => None,
        })
    }

    /// Whether nothing befalls the cluster. Connections may stall.
    pub(super) fn is_calm(&self) -> bool {
        self.faults.is_empty() && self.scenario.mishaps != Mishaps::All
    }

    pub(super) fn exchanges(&self) -> impl Iterator<Item = &'a Exchange> + Clone {
        self.traffic.clients.iter().flat_map(|client| &client.exchanges)
    }

    pub(super) fn reply_bytes(&self, id: u64) -> usize {
        self.traffic.exchange(id).map_or(PROBE_BYTES, Exchange::reply_bytes)
    }
}
