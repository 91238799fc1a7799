//! What is known of objects, from what their clients were told; and the promises about them.

use std::collections::BTreeMap;

use super::{
    super::{SERVER, plan::Plan},
    Facts,
};
use crate::history::{Event, Found, Outcome, State, Version};

/// What clients know of all objects. Each object has one client, which does one thing after the other.
struct Objects<'a> {
    plan: &'a Plan,
    known: BTreeMap<&'a str, Known>,
    /// The event that gave an address back, the last one of each.
    given_back: BTreeMap<String, usize>,
}

/// What is known of an object.
#[derive(Default)]
struct Known {
    /// What it had in it when that was acknowledged or found last; none: it was not there.
    value: Option<u64>,
    /// What else was known of it then.
    state: State,
    /// What was asked for and may have been done, or may be done yet.
    doubts: Vec<Doubt>,
}

/// A write of which nobody knows.
struct Doubt {
    /// What was to be written; none: it was to be deleted.
    value: Option<u64>,
    /// The event with which it began.
    begun: usize,
    fate: Fate,
    /// Something else was acknowledged since.
    older: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Its client waits for the answer.
    Awaited,
    /// There is no answer.
    Open,
    /// Nor will it be done any more: the process that it was asked of has ended.
    Closed,
}

impl<'a> Objects<'a> {
    fn new(plan: &'a Plan) -> Self {
        Self { plan, known: BTreeMap::new(), given_back: BTreeMap::new() }
    }

    /// Takes in the next event.
    fn learn(&mut self, nth: usize, event: &'a Event) {
        match event {
            Event::Writes(Version { object, value }) => {
                let doubt = Doubt { value: *value, begun: nth, fate: Fate::Awaited, older: false };
                self.known.entry(object).or_default().doubts.push(doubt);
            }
            Event::Wrote(Version { object, value }, outcome) => {
                let known = self.known.entry(object).or_default();
                match outcome {
                    Outcome::Unknown(_) => known.doubts.iter_mut().for_each(Doubt::is_not_awaited),
                    Outcome::Refused(_) => known.doubts.retain(|doubt| doubt.fate != Fate::Awaited),
                    Outcome::Acknowledged(state) => {
                        known.doubts.retain(|doubt| doubt.fate != Fate::Awaited);
                        known.doubts.iter_mut().for_each(|doubt| doubt.older = true);
                        if let (None, Some(address)) = (value, &known.state.address) {
                            self.given_back.insert(address.clone(), nth);
                        }
                        (known.value, known.state) = (*value, state.clone());
                    }
                }
            }
            Event::Found(Found { object, value, state }) => {
                let known = self.known.entry(object).or_default();
                (known.value, known.state) = (*value, state.clone());
                known.doubts.retain(|doubt| doubt.fate != Fate::Closed);
            }
            Event::Ended(machine) if machine == SERVER => {
                for known in self.known.values_mut() {
                    known.doubts.retain(|doubt| !doubt.older);
                    known.doubts.iter_mut().for_each(Doubt::is_not_done_later);
                }
            }
            _ => {}
        }
    }

    /// Who certainly has an address now, beside one object.
    fn holder(&self, address: &str, beside: &str) -> Option<&'a str> {
        let holds = |known: &Known| known.certainly_is_there() && known.state.address.as_deref() == Some(address);
        self.known.iter().find(|(object, known)| **object != beside && holds(known)).map(|(object, _)| *object)
    }

    /// Whether somebody may have had an address since an event, with which a write began that asks for it.
    fn may_have_been_held(&self, address: &str, since: usize) -> bool {
        let may_hold = |known: &Known| {
            let wanted = |doubt: &Doubt| {
                doubt.begun != since && doubt.value.is_some_and(|value| self.plan.address(value) == Some(address))
            };
            known.state.address.as_deref() == Some(address) || known.doubts.iter().any(wanted)
        };
        self.given_back.get(address).is_some_and(|nth| *nth > since) || self.known.values().any(may_hold)
    }
}

impl Known {
    /// Whether this may be read of it.
    fn may_be(&self, found: &Found) -> bool {
        let is_newer = found.state.revision > self.state.revision;
        let unchanged = found.value == self.value && found.state.revision >= self.state.revision;
        unchanged
            || self.doubts.iter().any(|doubt| {
                // A value tells by its revision whether it came behind what was acknowledged; that nothing is there does not.
                doubt.value == found.value && if doubt.value.is_some() { is_newer } else { true }
            })
    }

    fn certainly_is_there(&self) -> bool {
        self.value.is_some() && self.doubts.iter().all(|doubt| doubt.value.is_some())
    }
}

impl Doubt {
    fn is_not_awaited(&mut self) {
        if self.fate == Fate::Awaited {
            self.fate = Fate::Open;
        }
    }

    fn is_not_done_later(&mut self) {
        if self.fate == Fate::Open {
            self.fate = Fate::Closed;
        }
    }
}

/// Looks at every event with what was known before it.
fn each<'a>(
    facts: &Facts<'a>,
    mut look: impl FnMut(&Objects<'a>, &'a Event) -> Result<(), String>,
) -> Result<(), String> {
    let mut objects = Objects::new(&facts.scenario.plan);
    for (nth, (at, event)) in facts.events.iter().enumerate() {
        look(&objects, event).map_err(|wrong| format!("{wrong}, at {at:?}"))?;
        objects.learn(nth, event);
    }
    Ok(())
}

pub(super) fn an_acknowledged_write_is_there(facts: &Facts<'_>) -> Result<(), String> {
    each(facts, |objects, event| {
        let Event::Found(found) = event else { return Ok(()) };
        let nothing = Known::default();
        let known = objects.known.get(&*found.object).unwrap_or(&nothing);
        if known.may_be(found) {
            return Ok(());
        }
        let (value, State { revision, .. }) = (known.value, &known.state);
        Err(format!("{found:?}, where {value:?} was acknowledged as {revision}"))
    })
}

pub(super) fn a_service_keeps_its_address_and_no_other_has_it(facts: &Facts<'_>) -> Result<(), String> {
    each(facts, |objects, event| {
        let (object, state) = match event {
            Event::Found(Found { object, state, .. })
            | Event::Wrote(Version { object, .. }, Outcome::Acknowledged(state)) => (object, state),
            _ => return Ok(()),
        };
        let Some(address) = &state.address else { return Ok(()) };
        if let Some(other) = objects.holder(address, object) {
            return Err(format!("{object} and {other} have {address}"));
        }
        match objects.known.get(&**object).filter(|known| known.certainly_is_there()) {
            Some(Known { state: State { address: Some(before), .. }, .. }) if before != address => {
                Err(format!("{object} had {before} and has {address}"))
            }
            _ => Ok(()),
        }
    })
}

pub(super) fn an_address_that_nobody_has_is_given(facts: &Facts<'_>) -> Result<(), String> {
    each(facts, |objects, event| {
        let Event::Wrote(Version { object, value: Some(value) }, Outcome::Refused(_)) = event else { return Ok(()) };
        let begun = objects.known.get(&**object).and_then(|known| known.doubts.last()).map_or(0, |doubt| doubt.begun);
        match objects.plan.address(*value) {
            Some(address) if objects.may_have_been_held(address, begun) => Ok(()),
            address => Err(format!("{object} did not get {address:?}, which nobody has")),
        }
    })
}
