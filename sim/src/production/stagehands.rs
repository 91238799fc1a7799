//! They bring faults about, and end them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use turmoil::Sim;
use weir::world::Signal;

use super::Production;
use crate::{
    fault::{Fault, What},
    history::{Event, History},
    world::{Cluster, Machine},
};

/// What links and machines are like at a moment follows from the faults of that moment, so faults may overlap.
pub(super) struct Stagehands<'a> {
    production: &'a Production,
    machines: BTreeMap<String, (Arc<Machine>, Up)>,
    begun: Vec<bool>,
    over: Vec<bool>,
}

/// How much of a machine runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Up {
    /// All of it.
    Running,
    /// The kernel: it refuses connections.
    Stopped,
    /// Nothing.
    Dark { since: Duration },
}

impl<'a> Stagehands<'a> {
    pub(super) fn new(production: &'a Production, machines: Vec<Arc<Machine>>) -> Self {
        let machines =
            machines.into_iter().map(|machine| (machine.name().to_owned(), (machine, Up::Running))).collect();
        let none = vec![false; production.faults.len()];
        Self { production, machines, begun: none.clone(), over: none }
    }

    /// Begins and ends what is due.
    pub(super) fn work(&mut self, sim: &mut Sim<'_>, cluster: &Cluster, history: &History) {
        let now = sim.elapsed();
        for (nth, fault) in self.production.faults.iter().enumerate() {
            if fault.starts <= now && !self.begun[nth] {
                self.begun[nth] = true;
                history.add_at(now, Event::Fault(format!("begins: {fault}")));
                self.turn(fault, now, sim, cluster, history);
                match &fault.what {
                    What::Tear(one, other) => cluster.tear(self.address(one), self.address(other)),
                    What::ClockOff(victim, milliseconds) => self.machine(victim).put_clock_off(*milliseconds),
                    What::Stop(victim) => self.machine(victim).signal(Signal::Stop),
                    What::DiskFails(victim, writes) => self.machine(victim).disk().fail_after(Some(*writes)),
                    What::Delay(..) | What::Hold(..) | What::HoldOneWay(..) | What::Crash(_) | What::PowerLoss(_) => {}
                }
            } else if fault.starts + fault.lasts <= now && !self.over[nth] {
                self.over[nth] = true;
                history.add_at(now, Event::Fault(format!("ends: {fault}")));
                self.turn(fault, now, sim, cluster, history);
                match &fault.what {
                    What::ClockOff(victim, _) => self.machine(victim).put_clock_off(0),
                    What::DiskFails(victim, _) => self.machine(victim).disk().fail_after(None),
                    What::Stop(victim) if self.machines[victim].1 == Up::Running => {
                        self.machine(victim).disk().drop_processes();
                        sim.bounce(victim.as_str());
                        history.add_at(now, Event::Ended(victim.clone()));
                    }
                    _ => {}
                }
            }
        }
    }

    /// Puts what a fault concerns into the state that this moment asks for.
    fn turn(&mut self, fault: &Fault, now: Duration, sim: &mut Sim<'_>, cluster: &Cluster, history: &History) {
        match &fault.what {
            What::Delay(one, other, _) => self.set_latency(one, other, now, sim),
            What::Hold(one, other) | What::HoldOneWay(one, other) => self.set_link(one, other, now, sim),
            What::Crash(victim) | What::PowerLoss(victim) => self.set_machine(victim, now, sim, cluster, history),
            What::Tear(..) | What::Stop(_) | What::ClockOff(..) | What::DiskFails(..) => {}
        }
    }

    fn set_machine(&mut self, name: &str, now: Duration, sim: &mut Sim<'_>, cluster: &Cluster, history: &History) {
        let wanted = if self.is_dark(name, now) {
            Up::Dark { since: now }
        } else if self.active(now).any(|what| matches!(what, What::Crash(victim) if victim == name)) {
            Up::Stopped
        } else {
            Up::Running
        };
        // First the links, so that nobody hears of a machine that goes dark.
        let others: Vec<String> = self.machines.keys().filter(|other| *other != name).cloned().collect();
        others.iter().for_each(|other| self.set_link(name, other, now, sim));
        let (machine, up) = self.machines.get_mut(name).expect("faults are drawn among the cast");
        if matches!((*up, wanted), (Up::Dark { .. }, Up::Dark { .. })) || *up == wanted {
            return;
        }
        let before = std::mem::replace(up, wanted);
        machine.stop(wanted == Up::Stopped);
        history.add_at(now, Event::Ended(name.to_owned()));
        match wanted {
            Up::Running | Up::Stopped => {
                machine.disk().drop_processes();
                sim.bounce(name);
            }
            Up::Dark { .. } => {
                machine.lose_power();
                sim.crash(name);
                cluster.power_is_lost(machine.address());
            }
        }
        if let Up::Dark { since } = before {
            cluster.power_returns(machine.address(), since);
        }
    }

    fn set_link(&self, one: &str, other: &str, now: Duration, sim: &Sim<'_>) {
        let holds = |from: &str, to: &str| {
            self.active(now).any(|what| match what {
                What::Hold(a, b) => is_pair((a, b), (from, to)),
                What::HoldOneWay(a, b) => (a.as_str(), b.as_str()) == (from, to),
                _ => false,
            })
        };
        if self.is_dark(one, now) || self.is_dark(other, now) {
            return sim.partition(one, other);
        }
        match (holds(one, other), holds(other, one)) {
            (true, true) => sim.hold(one, other),
            (true, false) => self.hold_one_way(one, other, sim),
            (false, true) => self.hold_one_way(other, one, sim),
            (false, false) => sim.release(one, other),
        }
    }

    /// turmoil holds both ways alone: the way back is let go again, with what is on it.
    fn hold_one_way(&self, from: &str, to: &str, sim: &Sim<'_>) {
        sim.hold(from, to);
        sim.repair_oneway(to, from);
        let (from, to) = (self.address(from), self.address(to));
        let goes_back = |sent: &turmoil::SentRef<'_>| {
            let (source, destination) = sent.pair();
            (source.ip(), destination.ip()) == (to, from)
        };
        sim.links(|links| links.flatten().filter(goes_back).for_each(turmoil::SentRef::deliver));
    }

    fn set_latency(&self, one: &str, other: &str, now: Duration, sim: &Sim<'_>) {
        let slow = self.active(now).filter_map(|what| match what {
            What::Delay(a, b, latency) if is_pair((a, b), (one, other)) => Some(*latency),
            _ => None,
        });
        sim.set_link_latency(one, other, slow.fold(self.production.link_latency, Duration::max));
    }

    fn is_dark(&self, name: &str, now: Duration) -> bool {
        self.active(now).any(|what| matches!(what, What::PowerLoss(victim) if victim == name))
    }

    fn active(&self, now: Duration) -> impl Iterator<Item = &'a What> + use<'a> {
        let faults = self.production.faults.iter();
        faults.filter(move |fault| fault.starts <= now && now < fault.starts + fault.lasts).map(|fault| &fault.what)
    }

    fn address(&self, name: &str) -> std::net::IpAddr {
        self.machine(name).address()
    }

    fn machine(&self, name: &str) -> &Machine {
        &self.machines.get(name).expect("faults are drawn among the cast").0
    }
}

fn is_pair((a, b): (&str, &str), (one, other): (&str, &str)) -> bool {
    (a, b) == (one, other) || (a, b) == (other, one)
}
