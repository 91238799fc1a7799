use super::{Connection, Over, Role, Tunnels};
use crate::wire::http2::{
    flow::WINDOW_DEFAULT,
    frame::{setting, write_settings, write_window_update},
};

impl Connection {
    /// Go's order of settings. Go: `serverConn.serve`, `Transport.newClientConn`.
    pub(super) fn say_hello(&mut self) {
        let bounds = self.bounds;
        let out = self.output.frames();
        match self.role {
            Role::Server => {
                let tunnels = [(setting::ENABLE_CONNECT_PROTOCOL, 1)];
                let settings = [
                    (setting::MAX_FRAME_SIZE, bounds.frame_bytes_max),
                    (setting::MAX_CONCURRENT_STREAMS, bounds.streams_max),
                    (setting::MAX_HEADER_LIST_SIZE, bounds.header_list_bytes_max),
                    (setting::HEADER_TABLE_SIZE, 4096),
                    (setting::INITIAL_WINDOW_SIZE, bounds.stream_window_bytes),
                ];
                match bounds.tunnels {
                    Tunnels::Refused => write_settings(out, &settings),
                    Tunnels::Taken => write_settings(out, &[&settings[..], &tunnels].concat()),
                }
            }
            Role::Client => {
                out.extend_from_slice(PREFACE);
                let settings = [
                    (setting::ENABLE_PUSH, 0),
                    (setting::INITIAL_WINDOW_SIZE, bounds.stream_window_bytes),
                    (setting::MAX_FRAME_SIZE, bounds.frame_bytes_max),
                    (setting::MAX_HEADER_LIST_SIZE, bounds.header_list_bytes_max),
                ];
                write_settings(out, &settings);
            }
        }
        let more = self.inflow.grow(bounds.connection_window_bytes.saturating_sub(WINDOW_DEFAULT));
        if more > 0 {
            write_window_update(self.output.frames(), 0, more);
        }
    }

    /// Takes a client's preface off the input, as far as it is there. False while it is not whole.
    pub(super) fn read_preface(&mut self) -> bool {
        let length = self.input.len().min(PREFACE.len());
        if self.input[..length] != PREFACE[..length] {
            self.end(Over::NoPreface);
        } else if length == PREFACE.len() {
            let _ = self.input.split_to(length);
            self.is_begun = true;
        }
        self.is_begun
    }

    /// Whether the peer has shown that it speaks HTTP/2.
    pub fn is_begun(&self) -> bool {
        self.is_begun && self.peer.is_known
    }
}

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
