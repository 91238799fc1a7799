//! Watches the objects that clients write into a collection: lists them, and is told what happens behind the listing, again and again.

use std::{rc::Rc, time::Duration};

use serde_json::Value;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    HEALED,
    caller::Caller,
    client::{collection, revision_of, value_of},
};
use crate::history::{Event, Seen};

/// Watches until everything has been in order for a while.
pub(super) async fn watch(caller: Caller, note: Rc<dyn Fn(Event)>, what: &'static str) {
    let until = Instant::now() + HEALED + WATCHES_ON;
    // Whatever it is doing then, it has seen enough.
    drop(timeout_at(until, watch_on(caller, note, what)).await);
}

async fn watch_on(mut caller: Caller, note: Rc<dyn Fn(Event)>, what: &'static str) {
    loop {
        let listed = caller.ask("GET", collection(what), None).await.ok().filter(|listed| listed.is_success());
        if let Some(after) = listed.and_then(|listed| revision_of(&listed.json()?)) {
            note(Event::Watches(what.to_owned(), after));
            let path = format!("{}?watch=true&resourceVersion={after}", collection(what));
            // It ends when the server stops, when a connection is torn, or when what it asks for is forgotten.
            drop(caller.stream(&path, |event| seen(what, &event).into_iter().map(Event::Seen).for_each(&*note)).await);
        }
        sleep(RETRY_DELAY).await;
    }
}

fn seen(what: &str, event: &Value) -> Option<Seen> {
    let object = event.get("object")?;
    let name = object.pointer("/metadata/name")?.as_str()?;
    let value = if event.get("type")? == "DELETED" { None } else { value_of(object) };
    Some(Seen { revision: revision_of(object)?, object: format!("{what}/{name}"), value })
}

/// How long it watches when all faults are over.
const WATCHES_ON: Duration = Duration::from_secs(2);
const RETRY_DELAY: Duration = Duration::from_millis(200);
