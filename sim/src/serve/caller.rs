//! A client's connection to the API server.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncWriteExt as _, ReadHalf, WriteHalf};
use tokio_rustls::{TlsConnector, client::TlsStream};
use weir::{
    upstream::tls::{Trust, client_config},
    world::{Address, Stream, World},
};

use super::server::TOKEN;
use crate::cast::speech::{Framing, Head, Reader, Unread};

/// Asks the API server, over one connection as long as that lasts.
pub(super) struct Caller {
    world: World,
    server: SocketAddr,
    tls: TlsConnector,
    connection: Option<Connection>,
}

type Connection = (Reader<ReadHalf<TlsStream<Stream>>>, WriteHalf<TlsStream<Stream>>);

/// An answer, as far as it was read.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) head: Head,
    pub(super) body: Vec<u8>,
    /// Why that is not all of it.
    pub(super) cut: Option<Unread>,
}

impl Caller {
    pub(super) fn new(world: World, server: SocketAddr) -> Self {
        let tls = client_config(&world, Trust::Anyone, None).expect("a configuration without certificates");
        Self { world, server, tls: TlsConnector::from(Arc::new(tls)), connection: None }
    }

    /// Asks, and waits for a while; an error is why there is no answer.
    pub(super) async fn ask(&mut self, method: &str, path: &str, body: Option<&Value>) -> Result<Response, String> {
        let connection = self.connection.take();
        match tokio::time::timeout(PATIENCE, self.exchange(connection, method, path, body)).await {
            Ok(Ok((response, connection))) => {
                self.connection = connection;
                Ok(response)
            }
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err("no patience left".to_owned()),
        }
    }

    /// Asks for a stream of JSON values, one a line, and reads it to its end over a connection of its own; an error is why it ended.
    pub(super) async fn stream(&self, path: &str, mut each: impl FnMut(Value)) -> Result<(), Unread> {
        let (mut from, mut to) = self.dial().await?;
        write_request(&mut to, "GET", path, "").await?;
        let head = from.head().await?;
        let mut line = Vec::new();
        let framing = head.framing(Framing::UntilClose)?;
        let read = from.body(framing, |piece| {
            line.extend_from_slice(piece);
            while let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                let whole: Vec<u8> = line.drain(..=end).collect();
                serde_json::from_slice(&whole).into_iter().for_each(&mut each);
            }
        });
        read.await.map(drop)
    }

    /// The connection comes back if it can be used again.
    async fn exchange(
        &self,
        connection: Option<Connection>,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> Result<(Response, Option<Connection>), Unread> {
        let (mut from, mut to) = match connection {
            Some(connection) => connection,
            None => self.dial().await?,
        };
        let body = body.map_or(String::new(), Value::to_string);
        write_request(&mut to, method, path, &body).await?;
        let head = from.head().await?;
        let status = head.first.strip_prefix("HTTP/1.1 ").and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.ok_or_else(|| Unread::Nonsense(format!("status line {:?}", head.first)))?;
        let mut body = Vec::new();
        let read = from.body(head.framing(Framing::UntilClose)?, |piece| body.extend_from_slice(piece)).await;
        let again = read.is_ok() && head.get("connection") != Some("close") && !from.has_more();
        Ok((Response { status, head, body, cut: read.err() }, again.then_some((from, to))))
    }

    async fn dial(&self) -> Result<Connection, Unread> {
        let stream = self.world.net.dial(&Address::Tcp(self.server)).await?;
        let name = ServerName::try_from("localhost").expect("a name");
        let (from, to) = tokio::io::split(self.tls.connect(name, stream).await?);
        Ok((Reader::new(from), to))
    }
}

async fn write_request(
    to: &mut WriteHalf<TlsStream<Stream>>,
    method: &str,
    path: &str,
    body: &str,
) -> Result<(), Unread> {
    let length = body.len();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nHost: weir\r\nAuthorization: Bearer {TOKEN}\r\nAccept: application/json\r\n\
         Content-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    );
    to.write_all(head.as_bytes()).await?;
    to.write_all(body.as_bytes()).await?;
    Ok(to.flush().await?)
}

impl Response {
    /// The body, if it is JSON.
    pub(super) fn json(&self) -> Option<Value> {
        serde_json::from_slice(&self.body).ok()
    }

    pub(super) fn is_success(&self) -> bool {
        (200..300).contains(&self.status) && self.cut.is_none()
    }

    /// What it says, for a history.
    pub(super) fn say(&self) -> String {
        let cut = self.cut.as_ref().map_or(String::new(), |cut| format!(", {cut}"));
        format!("{}{cut}", self.status)
    }
}

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(10);
