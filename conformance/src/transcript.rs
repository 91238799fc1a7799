//! A trace as a person reads it: what each side did and what came, in the order of the scripts.
//!
//! `>` was sent, `<` came. `↵` is CR LF, `␊` LF alone; `\xNN` is any other byte that is no printable ASCII. A run of one byte, or of a few,
//! is written once with its count: `(a × 40000)`.

mod line;

use std::fmt::{self, Write as _};

use crate::{
    latin1,
    scenario::{Case, Family, Octets, Side, Step},
    trace::{Awaited, CaseTrace, ConnectionTrace, FamilyTrace, Received},
};

/// The transcript of a family: its snapshot file holds this.
pub fn of_family(family: &Family, trace: &FamilyTrace) -> String {
    let answers = trace.cases.iter();
    with_cases(family, trace, |case| answers.clone().find(|answer| answer.name == case.name).cloned())
}

/// The transcript of a family in which one case is replaced by another answer.
pub fn of_family_with(family: &Family, trace: &FamilyTrace, ours: &CaseTrace) -> String {
    with_cases(family, trace, |case| {
        if case.name == ours.name {
            Some(ours.clone())
        } else {
            trace.cases.iter().find(|answer| answer.name == case.name).cloned()
        }
    })
}

/// The transcript of one case.
pub fn of_case(case: &Case, trace: &CaseTrace) -> String {
    let mut out = String::new();
    Transcript { out: &mut out }.case(case, trace).expect("a String takes what is written");
    out
}

/// The text of a snapshot file, as insta reads it.
pub fn snapshot(transcript: &str) -> String {
    format!("---\nsource: conformance/tests/traces.rs\n---\n{transcript}")
}

fn with_cases(family: &Family, trace: &FamilyTrace, answer: impl Fn(&Case) -> Option<CaseTrace>) -> String {
    let mut out = format!("# {}\n{}\nRecorded: {}\n", family.id, family.about, trace.recorder);
    for case in &family.cases {
        if let Some(answer) = answer(case) {
            out.push('\n');
            out.push_str(&of_case(case, &answer));
        }
    }
    out
}

struct Transcript<'a> {
    out: &'a mut String,
}

impl Transcript<'_> {
    fn case(&mut self, case: &Case, trace: &CaseTrace) -> fmt::Result {
        writeln!(self.out, "## {}\n{}\n{}", case.name, case.asks, case.subject)?;
        for object in &case.cast {
            writeln!(self.out, "cast {object}")?;
        }
        if let Some(steps) = &case.handler {
            self.out.push_str("handler\n");
            for step in steps {
                writeln!(self.out, "  {}", line::visible(&step.to_string()))?;
            }
        }
        self.side(Side::Client, &case.client, &trace.client)?;
        if !(case.backend.is_empty() && trace.backend.is_empty()) {
            self.side(Side::Backend, &case.backend, &trace.backend)?;
        }
        for (number, lines) in (1..).zip(&trace.seen) {
            writeln!(self.out, "handler saw request {number}")?;
            for seen in lines {
                writeln!(self.out, "  {}", line::visible(seen))?;
            }
        }
        Ok(())
    }

    /// A script beside what came on the connections that it went through.
    fn side(&mut self, side: Side, script: &[Step], connections: &[ConnectionTrace]) -> fmt::Result {
        let mut rest = connections.iter();
        let mut current = rest.next();
        let mut awaited = current.map(|connection| connection.awaited.iter());
        self.heading(side, current)?;
        for step in script {
            match step {
                Step::Connect(_) | Step::Accept => {
                    self.close(current)?;
                    current = rest.next();
                    awaited = current.map(|connection| connection.awaited.iter());
                    self.heading(side, current)?;
                }
                Step::Await(what) => {
                    let read = awaited.as_mut().and_then(Iterator::next);
                    let suffix = match read {
                        None => ": not reached",
                        Some(read) if read.gave_up => ", gave up",
                        Some(_) => "",
                    };
                    writeln!(self.out, "  await {}{suffix}", line::visible(&what.to_string()))?;
                    if let Some(Awaited { received, .. }) = read {
                        self.received(received)?;
                    }
                }
                step => self.done(step)?,
            }
        }
        // What the script did not ask for, but was written down.
        self.unasked(awaited.into_iter().flatten())?;
        self.close(current)?;
        for connection in rest {
            writeln!(self.out, "{side}: a connection that no step took")?;
            self.unasked(connection.awaited.iter())?;
            self.close(Some(connection))?;
        }
        Ok(())
    }

    fn heading(&mut self, side: Side, connection: Option<&ConnectionTrace>) -> fmt::Result {
        match connection {
            Some(_) => writeln!(self.out, "{side}"),
            None => writeln!(self.out, "{side}: no connection came"),
        }
    }

    fn done(&mut self, step: &Step) -> fmt::Result {
        match step {
            Step::Send(octets) => self.sent(octets),
            Step::Frames(frames) => {
                frames.iter().try_for_each(|frame| writeln!(self.out, "  > {}", line::visible(&frame.to_string())))
            }
            Step::Pause(time) => writeln!(self.out, "  pause {} ms", time.as_millis()),
            Step::HalfClose => writeln!(self.out, "  half-close"),
            Step::Fin => writeln!(self.out, "  fin"),
            Step::Rst => writeln!(self.out, "  rst"),
            Step::Signal(name) => writeln!(self.out, "  signal {name}"),
            Step::Wait(name) => writeln!(self.out, "  wait for {name}"),
            Step::Shutdown => writeln!(self.out, "  the server shuts down"),
            Step::Connect(_) | Step::Accept | Step::Await(_) => Ok(()),
        }
    }

    fn sent(&mut self, octets: &Octets) -> fmt::Result {
        self.lines('>', &latin1::to_text(&octets.plain()))
    }

    fn received(&mut self, received: &Received) -> fmt::Result {
        if received.is_empty() {
            return writeln!(self.out, "  < nothing");
        }
        match received {
            Received::Bytes(text) => self.lines('<', text),
            Received::Events(lines) => {
                lines.iter().try_for_each(|event| writeln!(self.out, "  < {}", line::visible(event)))
            }
        }
    }

    fn lines(&mut self, mark: char, text: &str) -> fmt::Result {
        for shown in line::folded(text) {
            match shown {
                line::Shown::Line(line) => writeln!(self.out, "  {mark} {line}")?,
                line::Shown::Repeat { lines, times } => writeln!(self.out, "  {mark} ({lines} above × {times})")?,
            }
        }
        Ok(())
    }

    fn unasked<'a>(&mut self, awaited: impl Iterator<Item = &'a Awaited>) -> fmt::Result {
        for read in awaited {
            writeln!(self.out, "  await {} that no step asked for", read.kind.key())?;
            self.received(&read.received)?;
        }
        Ok(())
    }

    fn close(&mut self, connection: Option<&ConnectionTrace>) -> fmt::Result {
        let Some(connection) = connection else { return Ok(()) };
        if !connection.rest.is_empty() {
            self.out.push_str("  rest\n");
            self.received(&connection.rest)?;
        }
        writeln!(self.out, "  then {}", connection.end)
    }
}

#[cfg(test)]
mod tests;
