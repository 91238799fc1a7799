//! A client that writes as fast as it is answered.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::Mutex,
};

use rustls::{ClientConnection, StreamOwned};
use serde_json::Value;
use weir_conformance::process::Client;

use crate::ledger::{Change, Content, Ledger};

type Connection = BufReader<StreamOwned<ClientConnection, TcpStream>>;

/// Writes objects of one collection.
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a Client,
    pub(crate) token: &'a str,
    /// The collection.
    pub(crate) path: &'a str,
    /// What an object has beside its metadata.
    pub(crate) rest: &'a str,
    pub(crate) ledger: &'a Mutex<Ledger>,
}

impl Writer<'_> {
    /// Creates objects, changes most of them, and deletes some, one after the other on one connection, until that fails.
    pub(crate) fn write_until_killed(&self, kill: u32) {
        let Ok(stream) = self.client.connect() else { return };
        let mut stream = BufReader::new(stream);
        for number in 0.. {
            let name = format!("kill-{kill}-{number}");
            let changes = [Change::Write(0), Change::Write(1), Change::Delete];
            for change in changes.into_iter().take(1 + number % changes.len()) {
                let Some(answer) = self.change(&mut stream, &name, change) else { return };
                let content = (change != Change::Delete).then(|| Content::of(&answer));
                self.ledger.lock().unwrap().acknowledge(&name, content);
            }
        }
    }

    /// What was answered; none if the process was killed before.
    fn change(&self, stream: &mut Connection, name: &str, change: Change) -> Option<Value> {
        self.ledger.lock().unwrap().ask(name, change);
        let path = self.path;
        let (first, body) = match change {
            Change::Write(0) => {
                let body = format!(r#"{{{},"metadata":{{"name":"{name}","labels":{{"number":"0"}}}}}}"#, self.rest);
                (format!("POST {path} HTTP/1.1\r\nContent-Type: application/json"), body)
            }
            Change::Write(number) => {
                let body = format!(r#"{{"metadata":{{"labels":{{"number":"{number}"}}}}}}"#);
                (format!("PATCH {path}/{name} HTTP/1.1\r\nContent-Type: application/merge-patch+json"), body)
            }
            Change::Delete => (format!("DELETE {path}/{name} HTTP/1.1"), String::new()),
        };
        let (token, length) = (self.token, body.len());
        let head = format!("{first}\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nContent-Length: {length}");
        let to = stream.get_mut();
        to.write_all(format!("{head}\r\n\r\n{body}").as_bytes()).and_then(|()| to.flush()).ok()?;
        let (status, answer) = read_answer(stream)?;
        assert!((200..300).contains(&status), "{name}, {change:?}: {status} {answer}");
        Some(answer)
    }
}

/// The status and the body of an answer, once all of it has come; none if the connection ended before.
fn read_answer(stream: &mut Connection) -> Option<(u16, Value)> {
    let (mut status, mut length) = (None, 0);
    loop {
        let mut line = String::new();
        if stream.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let line = line.trim_end();
        if line.is_empty() {
            break;
        }
        status = status.or_else(|| line.split(' ').nth(1)?.parse().ok());
        if let Some(value) = line.strip_prefix("Content-Length: ") {
            length = value.parse().ok()?;
        }
    }
    let mut body = Vec::new();
    stream.take(length).read_to_end(&mut body).ok()?;
    Some((status?, serde_json::from_slice(&body).ok()?))
}
