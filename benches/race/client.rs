//! A client's end of a connection.

use std::{
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    sync::Arc,
};

use mio::net::TcpStream;
use rustls::{ClientConfig, ClientConnection, pki_types::ServerName};

use super::{
    http1::{Ask, Http1},
    http2::Http2,
};

/// How a contender is spoken to.
#[derive(Clone, Debug)]
pub(crate) enum Manner {
    /// HTTP/1 over TCP.
    Plain(Ask),
    /// HTTP/1 over TLS.
    Tls(Arc<ClientConfig>),
    /// HTTP/2 over TLS, with so many requests at a time on a connection.
    Http2(Arc<ClientConfig>, usize),
}

/// How many requests are to be asked, and how many answers came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    pub(crate) asked: usize,
    pub(crate) answered: usize,
    pub(crate) goal: usize,
}

#[derive(Debug)]
enum Speech {
    Http1(Http1),
    Http2(Http2, usize),
}

/// A connection to a contender.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    tls: Option<Box<ClientConnection>>,
    speech: Speech,
    out: Vec<u8>,
    /// Requests without an answer.
    open: usize,
}

impl Client {
    /// Connects; the first requests go out when the connection is there.
    pub(crate) fn connect(to: SocketAddr, manner: &Manner) -> Self {
        let stream = TcpStream::connect(to).expect("a socket");
        let mut out = Vec::new();
        let (speech, tls) = match manner {
            Manner::Plain(ask) => (Speech::Http1(Http1::new(*ask)), None),
            Manner::Tls(config) => (Speech::Http1(Http1::new(Ask::Small)), Some(config)),
            Manner::Http2(config, width) => (Speech::Http2(Http2::new(&mut out), *width), Some(config)),
        };
        let tls = tls.map(|config| {
            let name = ServerName::try_from("localhost").expect("a name");
            Box::new(ClientConnection::new(Arc::clone(config), name).expect("a client"))
        });
        Self { stream, tls, speech, out, open: 0 }
    }

    /// Asks as much as it may, and writes it.
    pub(crate) fn ask(&mut self, tally: &mut Tally) -> io::Result<()> {
        let width = match &self.speech {
            Speech::Http1(_) => 1,
            Speech::Http2(_, width) => *width,
        };
        while self.open < width && tally.asked < tally.goal {
            tally.asked += 1;
            self.open += 1;
            match &mut self.speech {
                Speech::Http1(http1) => http1.ask(&mut self.out),
                Speech::Http2(http2, _) => http2.ask(&mut self.out),
            }
        }
        self.write()
    }

    /// Reads what has come, and asks again for each answer.
    pub(crate) fn turn(&mut self, buffer: &mut [u8], tally: &mut Tally) -> io::Result<()> {
        loop {
            let read = match &mut self.tls {
                None => self.stream.read(buffer),
                Some(tls) => read_tls(tls, &mut self.stream, buffer),
            };
            let read = match read {
                Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let ended = match &mut self.speech {
                Speech::Http1(http1) => usize::from(http1.take(&buffer[..read], &mut self.out)),
                Speech::Http2(http2, _) => http2.take(&buffer[..read], &mut self.out),
            };
            self.open -= ended;
            tally.answered += ended;
            if read < buffer.len() && self.tls.is_none() {
                break;
            }
        }
        self.ask(tally)
    }

    fn write(&mut self) -> io::Result<()> {
        match &mut self.tls {
            None if self.out.is_empty() => {}
            // A socket without anything in it takes so little at once; one that is not connected yet takes it later.
            None => match self.stream.write(&self.out) {
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {}
                Err(error) => return Err(error),
            },
            Some(tls) => {
                tls.writer().write_all(&self.out)?;
                self.out.clear();
                while tls.wants_write() {
                    match tls.write_tls(&mut self.stream) {
                        Ok(_) => {}
                        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => break,
                        Err(error) => return Err(error),
                    }
                }
            }
        }
        Ok(())
    }
}

/// What TLS has for us; takes in more where it has nothing.
fn read_tls(tls: &mut ClientConnection, stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    loop {
        match tls.reader().read(buffer) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            read => return read,
        }
        if tls.read_tls(stream)? == 0 {
            return Ok(0);
        }
        tls.process_new_packets().map_err(io::Error::other)?;
    }
}
