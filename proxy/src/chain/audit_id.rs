use std::cell::RefCell;

use bytes::Bytes;

use super::{Filter, Step};
use crate::{
    wire::{Exchange, Name, ResponseHead},
    world::Dice,
};

/// What a request is called in logs, here and at backends.
#[derive(Clone, Debug)]
pub struct AuditId(pub Bytes);

/// Gives every request a name, the client's own if it has one, and tells it to the client.
///
/// Go: `apiserver/pkg/endpoints/filters/audit_init.go` `WithAuditInit`.
pub(super) struct AuditIds {
    dice: RefCell<Dice>,
}

impl AuditIds {
    pub(super) fn new(dice: Dice) -> Self {
        Self { dice: RefCell::new(dice) }
    }
}

impl Filter for AuditIds {
    fn enter<'a>(&'a self, exchange: &'a mut Exchange) -> Step<'a> {
        let own = exchange.head.headers.get_bytes(&Name::AUDIT_ID).filter(|id| !id.is_empty()).cloned();
        let id = own.unwrap_or_else(|| Bytes::from(self.dice.borrow_mut().uuid()));
        // Backends are told the same name.
        exchange.head.headers.set(Name::AUDIT_ID, id.clone());
        exchange.facts.put(AuditId(id));
        Step::Next
    }

    fn leave(&self, exchange: &Exchange, head: &mut ResponseHead) {
        if let Some(AuditId(id)) = exchange.facts.get() {
            head.headers.prepend(Name::AUDIT_ID, id.clone());
        }
    }
}
