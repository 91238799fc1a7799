use super::Connection;
use crate::wire::http2::{
    flow::WINDOW_DEFAULT,
    frame::{setting, write_settings, write_window_update},
};

/// Whether the windows of streams were made small, since too much of what came on the connection lies unread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pressure {
    /// They are as large as they were at the beginning.
    None,
    /// The peer was told of small ones, and may not know it yet.
    Told,
    /// They are small, and stay so. The connection has room for all of them.
    Known,
}

impl Connection {
    /// Makes the windows of all streams small when much lies unread: streams that nobody reads must leave room for those that are read.
    ///
    /// Large windows for all streams at once are more than one connection may make us hold. Go's server has no room for a second stream
    /// beside one that nobody reads.
    pub(super) fn feel_pressure(&mut self) {
        if self.pressure != Pressure::None
            || self.inflow.held() < self.bounds.held_bytes_max
            || self.bounds.stream_window_bytes <= WINDOW_DEFAULT
        {
            return;
        }
        tracing::debug!(held = self.inflow.held(), "much lies unread: windows of streams are made small");
        self.pressure = Pressure::Told;
        self.unacknowledged_settings += 1;
        write_settings(self.output.frames(), &[(setting::INITIAL_WINDOW_SIZE, WINDOW_DEFAULT)]);
        self.wake_driver();
    }

    /// Settings were acknowledged: from here on the peer keeps to small windows.
    pub(super) fn settings_are_known(&mut self) {
        if self.pressure != Pressure::Told || self.unacknowledged_settings > 0 {
            return;
        }
        self.pressure = Pressure::Known;
        let less = self.bounds.stream_window_bytes - WINDOW_DEFAULT;
        self.bounds.stream_window_bytes = WINDOW_DEFAULT;
        for stream in self.streams.iter_mut() {
            stream.receiving.window.shrink(less);
        }
        // Whatever of a stream is not read, its neighbours have their windows.
        let more = self.inflow.grow(self.bounds.streams_max.saturating_mul(WINDOW_DEFAULT));
        if more > 0 {
            write_window_update(self.output.frames(), 0, more);
        }
        self.wake_driver();
    }
}
