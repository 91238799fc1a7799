use std::{cell::RefCell, collections::BTreeMap};

use super::{Connection, connection::Place};
use crate::upstream::Origin;

/// Connections of HTTP/2, by origin.
#[derive(Debug, Default)]
pub(in crate::upstream) struct Pool(RefCell<BTreeMap<Origin, Vec<Connection>>>);

/// A connection, and a place on it for one request.
#[derive(Debug)]
pub(in crate::upstream) struct Lease {
    pub(super) connection: Connection,
    pub(super) place: Place,
}

impl Lease {
    /// A place on a connection, if there is one.
    pub(in crate::upstream) fn of(connection: &Connection) -> Option<Self> {
        let place = connection.enter()?;
        Some(Self { connection: connection.clone(), place })
    }
}

impl Pool {
    /// A place on the connection with the fewest requests; none when there is no connection, or all are full: then another one is dialled.
    pub(in crate::upstream) fn lease(&self, to: &Origin) -> Option<Lease> {
        let mut pool = self.0.borrow_mut();
        let connections = pool.get_mut(to)?;
        connections.retain(|connection| !connection.life().is_retired());
        if connections.is_empty() {
            pool.remove(to);
            return None;
        }
        let mut by_load: Vec<&Connection> = connections.iter().collect();
        by_load.sort_by_key(|connection| connection.life().active());
        by_load.into_iter().find_map(Lease::of)
    }

    /// Lets further requests use a connection.
    pub(in crate::upstream) fn add(&self, to: &Origin, connection: &Connection) {
        self.0.borrow_mut().entry(to.clone()).or_default().push(connection.clone());
    }
}
