//! Plays one side's script.

use std::rc::Rc;

use weir::world::Address;

use super::{
    Fault, Stage,
    framer::encode,
    link::Link,
    pulse::{PATIENCE, QUIET},
};
use crate::scenario::{Await, AwaitKind, Frame, Layer, Side, Step};

/// Plays one side's script.
pub(super) struct Actor {
    stage: Rc<Stage>,
    side: Side,
    /// The client's connections; the backend's are the stage's.
    pub(super) links: Vec<Rc<Link>>,
    /// The connection it is at.
    at: Option<Rc<Link>>,
}

/// Why a script ends before its last step.
enum Stop {
    /// No connection came for an accept: no fault.
    NoMore,
    Fault(String),
}

impl Actor {
    pub(super) fn new(stage: &Rc<Stage>, side: Side) -> Self {
        Self { stage: Rc::clone(stage), side, links: Vec::new(), at: None }
    }

    /// Plays steps, as far as they can be played. Returns the beat of the last.
    pub(super) async fn play(mut self, first: [Step; 1], then: Vec<Step>) -> u64 {
        self.perform(first.iter().chain(&then)).await
    }

    /// Plays steps, as far as they can be played. Returns the beat of the last.
    pub(super) async fn perform(&mut self, steps: impl Iterator<Item = &Step>) -> u64 {
        let mut acted = 0;
        for step in steps {
            match self.step(step).await {
                Ok(()) => acted = self.stage.pulse.now(),
                Err(Stop::NoMore) => break,
                Err(Stop::Fault(reason)) => {
                    let fault = Fault { side: self.side, reason };
                    self.stage.change(|shared| shared.faults.push(fault));
                    break;
                }
            }
        }
        acted
    }

    async fn step(&mut self, step: &Step) -> Result<(), Stop> {
        match step {
            Step::Connect(layer) => self.connect(*layer).await,
            Step::Accept => self.accept().await,
            Step::Shutdown => {
                self.stage.control.0.stop();
                Ok(())
            }
            Step::Signal(name) => {
                self.stage.change(|shared| {
                    shared.signals.insert((self.side, name.clone()));
                });
                Ok(())
            }
            Step::Wait(name) => self.wait(name).await,
            Step::Pause(time) => {
                self.stage.pulse.sleep(*time).await;
                Ok(())
            }
            Step::Await(what) => self.read(what).await,
            Step::Send(octets) => {
                self.link()?.write(&octets.filled(&self.stage.addresses)).await;
                Ok(())
            }
            Step::Frames(frames) => {
                let link = self.link()?;
                link.write(&encode(frames, &self.stage.addresses)).await;
                if frames.first() == Some(&Frame::Preface) {
                    link.greet().await;
                }
                Ok(())
            }
            Step::HalfClose => {
                self.link()?.half_close().await;
                Ok(())
            }
            Step::Fin => {
                self.link()?.close().await;
                Ok(())
            }
            Step::Rst => {
                self.link()?.reset();
                Ok(())
            }
        }
    }

    fn link(&self) -> Result<&Rc<Link>, Stop> {
        self.at.as_ref().ok_or_else(|| Stop::Fault("no connection to play on".to_owned()))
    }

    async fn connect(&mut self, layer: Layer) -> Result<(), Stop> {
        let stage = &self.stage;
        let stream = stage
            .world
            .net
            .dial(&Address::Tcp(stage.subject))
            .await
            .map_err(|error| Stop::Fault(format!("the subject cannot be reached: {error}")))?;
        let handshake = match layer {
            Layer::Front => stage.certificates.connect(&stage.world, stage.front, stage.shown),
            Layer::Plain => None,
        };
        let link = Link::connect(stream, handshake, &stage.pulse);
        self.links.push(Rc::clone(&link));
        link.ready().await;
        self.at = Some(link);
        Ok(())
    }

    async fn accept(&mut self) -> Result<(), Stop> {
        let stage = &self.stage;
        let mut alone_since = None;
        let link = loop {
            if let Some(link) = stage.arrival() {
                break link;
            }
            if !stage.shared.borrow().client_is_done {
                stage.changed.notified().await;
                continue;
            }
            // The client is done; what the backend did since may still bring a connection.
            if stage.pulse.now() - *alone_since.get_or_insert(stage.pulse.now()) > QUIET {
                return Err(Stop::NoMore);
            }
            stage.pulse.beat().await;
        };
        link.ready().await;
        self.at = Some(link);
        Ok(())
    }

    async fn wait(&self, name: &str) -> Result<(), Stop> {
        let signal = (self.side.other(), name.to_owned());
        let start = self.stage.pulse.now();
        while !self.stage.shared.borrow().signals.contains(&signal) {
            if self.stage.pulse.now() - start > 3 * PATIENCE {
                return Err(Stop::Fault(format!("nobody signalled {name:?}")));
            }
            tokio::select! {
                biased;
                () = self.stage.changed.notified() => {}
                () = self.stage.pulse.beat() => {}
            }
        }
        Ok(())
    }

    async fn read(&self, what: &Await) -> Result<(), Stop> {
        let link = self.link()?;
        let fits = match what.kind() {
            AwaitKind::Stream | AwaitKind::Headers => link.speaks_http2(),
            AwaitKind::Head | AwaitKind::Bytes | AwaitKind::Until => !link.speaks_http2(),
            AwaitKind::Quiet | AwaitKind::End => true,
        };
        if !fits {
            let spoken = if link.speaks_http2() { "HTTP/2" } else { "HTTP/1" };
            return Err(Stop::Fault(format!("await {} on a connection that speaks {spoken}", what.kind().key())));
        }
        link.read(what, &self.stage.addresses).await;
        Ok(())
    }
}
