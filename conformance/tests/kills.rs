//! What `weir serve` has acknowledged is there after it was killed, whenever that was.
#![expect(clippy::unwrap_used, reason = "what helps tests is a test too: it stops where something is wrong")]

#[path = "kills/ledger.rs"]
mod ledger;
#[path = "kills/writer.rs"]
mod writer;

use std::{fs, path::Path, sync::Mutex, time::Duration};

use weir_conformance::process::{Client, WeirProcess};

use self::{ledger::Ledger, writer::Writer};

/// How often the process is killed: 50 times when there is time for it.
fn kills() -> u32 {
    if std::env::var("WEIR_EFFORT").is_ok_and(|effort| effort == "full") { 50 } else { 5 }
}

/// What clients write, each a kind of its own: where, and what an object has beside its metadata.
const COLLECTIONS: [(&str, &str); 3] = [
    ("/api/v1/namespaces", r#""apiVersion":"v1","kind":"Namespace""#),
    ("/api/v1/namespaces/default/services", r#""apiVersion":"v1","kind":"Service","spec":{"ports":[{"port":80}]}"#),
    ("/api/v1/namespaces/default/endpoints", r#""apiVersion":"v1","kind":"Endpoints""#),
];

fn start(folder: &Path) -> (WeirProcess, Client) {
    let weir = WeirProcess::start(folder, &["--workers", "2"]);
    let client = Client::new(weir.address(), &fs::read(folder.join("ca.crt")).unwrap(), None);
    (weir, client)
}

#[test]
fn what_was_acknowledged_is_there_after_every_kill_and_nothing_else_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut ledgers = COLLECTIONS.map(|_| Mutex::new(Ledger::default()));
    let (mut weir, mut client) = start(folder.path());
    for kill in 0..kills() {
        let before = ledgers.each_mut().map(|ledger| ledger.get_mut().unwrap().acknowledged());
        let token = weir.token();
        std::thread::scope(|scope| {
            for ((path, rest), ledger) in COLLECTIONS.iter().zip(&ledgers) {
                let writer = Writer { client: &client, token: &token, path, rest, ledger };
                scope.spawn(move || writer.write_until_killed(kill));
            }
            // Not always at the same place of a commit.
            std::thread::sleep(Duration::from_millis(100 + u64::from(kill * 37 % 200)));
            weir.kill();
        });
        (weir, client) = start(folder.path());
        let token = weir.token();
        for (((path, _), ledger), before) in COLLECTIONS.iter().zip(&mut ledgers).zip(before) {
            let ledger = ledger.get_mut().unwrap();
            assert!(ledger.acknowledged() > before, "nothing was written at {path} before kill {kill}");
            let wrong = ledger.compare(ledger::list(&client, &token, path));
            assert!(wrong.is_empty(), "wrong at {path} after kill {kill}: {wrong:#?}");
        }
    }
}
