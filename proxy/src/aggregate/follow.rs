use super::{
    queue::Backoff,
    watched::{Watched, Watches},
};
use crate::{
    config::limits,
    meta::Status,
    rest::{EventType, Kind, ListOptions, ObjectWatch, Registry},
    world::Stop,
};

/// Keeps what is known of a kind up to date until it is time to stop: lists it, watches it from there on, and lists it again when the
/// watch has ended. A store that fails is asked less and less often.
///
/// Go: `client-go/tools/cache/reflector.go` `Reflector.ListAndWatch`.
pub(super) async fn follow(registry: &Registry, kind: &'static Kind, what: Watches, watched: &Watched, mut stop: Stop) {
    let mut failures = 0;
    loop {
        let ended = tokio::select! {
            biased;
            () = stop.wait() => return,
            ended = list_and_watch(registry, kind, what, watched, &mut failures) => ended,
        };
        tracing::debug!(?what, error = %ended.message, "a watch has ended");
        let wait = BACKOFF.after(failures);
        failures += 1;
        tokio::select! {
            biased;
            () = stop.wait() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

/// Ends with why it did. `failures` are forgotten once there is a watch.
async fn list_and_watch(
    registry: &Registry,
    kind: &'static Kind,
    what: Watches,
    watched: &Watched,
    failures: &mut u32,
) -> Status {
    let mut watch = match start(registry, kind, what, watched).await {
        Ok(watch) => watch,
        Err(status) => return status,
    };
    *failures = 0;
    loop {
        match watch.next().await {
            Ok(event) => match event.kind {
                EventType::Added | EventType::Modified => watched.set(what, &event.object),
                EventType::Deleted => watched.remove(what, &event.object),
                EventType::Bookmark => {}
            },
            Err(status) => return status,
        }
    }
}

async fn start(
    registry: &Registry,
    kind: &'static Kind,
    what: Watches,
    watched: &Watched,
) -> Result<ObjectWatch, Status> {
    let listed = registry.list(kind, None, &ListOptions::default()).await?;
    watched.replace(what, &listed.items);
    let options = ListOptions { resource_version: listed.revision.to_string(), ..ListOptions::default() };
    registry.watch(kind, None, &options).await
}

const BACKOFF: Backoff = Backoff { first: limits::WATCH_BACKOFF_MIN, max: limits::WATCH_BACKOFF_MAX };
