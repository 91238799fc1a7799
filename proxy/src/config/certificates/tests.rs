use std::{path::Path, sync::Arc, time::Duration};

use super::*;
use crate::world::{Clock, World, pretend::SetClock, real};

const DAY: u64 = 24 * 60 * 60;

/// A world in the year 2026, whose clock can be set.
fn world() -> (World, Arc<SetClock>) {
    let clock = SetClock::in_year(2026);
    let mut world = real::world([1; 32]);
    world.clock = Arc::clone(&clock) as Arc<dyn Clock>;
    (world, clock)
}

fn made(world: &World, folder: &Path) -> Certificates {
    Certificates::kept_or_made(world, &Keep::Folder(folder.to_owned()), "127.0.0.1".parse().unwrap()).unwrap()
}

fn serving(certificates: &Certificates) -> Bytes {
    certificates.serving.certificates.clone()
}

#[test]
fn what_is_made_once_is_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _) = world();
    made(&world, folder.path()); // of what was just made, the key stands apart
    let (first, second) = (made(&world, folder.path()), made(&world, folder.path()));
    assert_eq!(first.ca, second.ca);
    assert_eq!(serving(&first), serving(&second));
    assert_eq!(first.front_proxy.key, second.front_proxy.key);
}

#[test]
fn a_serving_certificate_is_made_anew_a_month_before_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let (world, clock) = world();
    made(&world, folder.path());
    let first = made(&world, folder.path());
    clock.go_on(Duration::from_secs(334 * DAY));
    assert_eq!(serving(&made(&world, folder.path())), serving(&first));
    clock.go_on(Duration::from_secs(2 * DAY));
    let renewed = made(&world, folder.path());
    assert_ne!(serving(&renewed), serving(&first));
    assert_eq!(renewed.ca, first.ca);
}

#[test]
fn a_serving_certificate_is_made_anew_for_another_address() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _) = world();
    made(&world, folder.path());
    let first = made(&world, folder.path());
    let keep = Keep::Folder(folder.path().to_owned());
    let other = Certificates::kept_or_made(&world, &keep, "10.1.2.3".parse().unwrap()).unwrap();
    assert_ne!(serving(&other), serving(&first));
    // It names the first address too.
    assert_eq!(serving(&made(&world, folder.path())), serving(&made(&world, folder.path())));
}

#[test]
fn a_file_that_holds_something_else_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (world, _) = world();
    made(&world, folder.path());
    world.disk.replace(&folder.path().join("ca.pem"), b"hello", crate::world::Mode::Secret).unwrap();
    let keep = Keep::Folder(folder.path().to_owned());
    let error = Certificates::kept_or_made(&world, &keep, "127.0.0.1".parse().unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("ca.pem: no certificate in it"), "{error}");
}
