//! Message counters of connections, summed up for their peer, for display.

use crate::session::{Counters, History};
use crate::time::Instant;

/// What has gone by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SessionStats {
    /// Messages from the peer.
    pub received: Counters,
    /// Messages to the peer.
    pub sent: Counters,
    /// When octets last came.
    pub last_read: Option<Instant>,
    /// When octets last went.
    pub last_written: Option<Instant>,
}

impl SessionStats {
    /// Adds what another connection of the same peer counted.
    pub(super) fn add(&mut self, other: &Self) {
        add(&mut self.received, &other.received);
        add(&mut self.sent, &other.sent);
        self.last_read = self.last_read.max(other.last_read);
        self.last_written = self.last_written.max(other.last_written);
    }
}

impl From<&History> for SessionStats {
    fn from(history: &History) -> Self {
        Self {
            received: history.received,
            sent: history.sent,
            last_read: history.last_read,
            last_written: history.last_written,
        }
    }
}

const fn add(sum: &mut Counters, more: &Counters) {
    sum.open += more.open;
    sum.update += more.update;
    sum.notification += more.notification;
    sum.keepalive += more.keepalive;
    sum.route_refresh += more.route_refresh;
}
