//! The other end of the wire, clients and backend in one thread, so that they cost less than any contender.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use mio::{Events, Interest, Poll, Token, net::TcpListener};

use super::{
    backend::Backend,
    client::{Client, Manner, Tally},
};

/// All connections that are not the contenders' own.
#[derive(Debug)]
pub(crate) struct Far {
    poll: Poll,
    events: Events,
    listener: TcpListener,
    backends: Vec<Option<Backend>>,
    clients: Vec<Client>,
    tally: Tally,
    buffer: Vec<u8>,
}

impl Far {
    /// A backend that listens.
    pub(crate) fn new() -> io::Result<Self> {
        let poll = Poll::new()?;
        let mut listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
        poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
        Ok(Self {
            poll,
            events: Events::with_capacity(1024),
            listener,
            backends: Vec::new(),
            clients: Vec::new(),
            tally: Tally::default(),
            buffer: vec![0; 256 << 10],
        })
    }

    /// Where the backend listens.
    pub(crate) fn backend(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Adds clients.
    pub(crate) fn connect(&mut self, to: SocketAddr, manner: &Manner, count: usize) -> io::Result<()> {
        for _ in 0..count {
            let mut client = Client::connect(to, manner);
            let token = Token(self.clients.len() * 2);
            self.poll.registry().register(&mut client.stream, token, Interest::READABLE | Interest::WRITABLE)?;
            self.clients.push(client);
        }
        Ok(())
    }

    /// Ends all clients.
    pub(crate) fn disconnect(&mut self) {
        self.clients.clear();
    }

    /// Has all clients ask, and ask again, until so many answers have come.
    pub(crate) fn ask(&mut self, answers: usize) -> io::Result<()> {
        self.tally = Tally { goal: answers, ..Tally::default() };
        for client in &mut self.clients {
            client.ask(&mut self.tally)?;
        }
        while self.tally.answered < answers {
            self.turn()?;
        }
        Ok(())
    }

    /// Has the clients from `first` on ask once each.
    pub(crate) fn ask_once(&mut self, first: usize) -> io::Result<()> {
        let count = self.clients.len() - first;
        self.tally = Tally::default();
        for client in &mut self.clients[first..] {
            self.tally.goal += 1;
            client.ask(&mut self.tally)?;
        }
        while self.tally.answered < count {
            self.turn()?;
        }
        Ok(())
    }

    /// Waits for events once, and does what they ask for.
    fn turn(&mut self) -> io::Result<()> {
        let begun = Instant::now();
        // It never sleeps: to wake it would be charged to the contender that writes to it, and a peer on another machine is not woken.
        loop {
            self.poll.poll(&mut self.events, Some(Duration::ZERO))?;
            if !self.events.is_empty() {
                break;
            }
            if begun.elapsed() > PATIENCE {
                return Err(io::Error::new(io::ErrorKind::TimedOut, format!("no answers any more: {:?}", self.tally)));
            }
        }
        for event in &self.events {
            let Token(token) = event.token();
            if event.token() == LISTENER {
                accept(&self.listener, &self.poll, &mut self.backends)?;
            } else if token % 2 == 0 {
                if let Some(client) = self.clients.get_mut(token / 2) {
                    client.turn(&mut self.buffer, &mut self.tally)?;
                }
            } else if let Some(slot) = self.backends.get_mut(token / 2) {
                // A contender may end its connections as it likes.
                let ended = slot.as_mut().is_none_or(|backend| backend.turn(&mut self.buffer).unwrap_or(true));
                if ended {
                    *slot = None;
                }
            }
        }
        Ok(())
    }
}

fn accept(listener: &TcpListener, poll: &Poll, backends: &mut Vec<Option<Backend>>) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let at = backends.iter().position(Option::is_none).unwrap_or(backends.len());
        poll.registry().register(&mut stream, Token(at * 2 + 1), Interest::READABLE | Interest::WRITABLE)?;
        if at == backends.len() {
            backends.push(None);
        }
        backends[at] = Some(Backend::new(stream));
    }
}

const LISTENER: Token = Token(usize::MAX - 1);
/// A contender that says nothing for so long is stuck.
const PATIENCE: Duration = Duration::from_secs(10);
