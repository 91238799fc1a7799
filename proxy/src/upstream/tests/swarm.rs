//! Many requests at once to a backend of many manners: whoever gets an answer gets his own, and nothing is left over.

use std::{cell::RefCell, collections::BTreeMap, num::NonZeroUsize, rc::Rc, time::Duration};

use proptest::prelude::*;
use tokio::{task::JoinSet, time::sleep};

use crate::{
    upstream::{
        Outgoing,
        pretend::{Dial, Peer, Stage, on_a_worker, read, request},
    },
    wire::Body,
};

/// What the backend does with the next request.
#[derive(Clone, Copy, Debug)]
enum Manner {
    Answer,
    AnswerLate(u64),
    AnswerAndClose,
    AnswerAndChatter,
    AnswerAndEnd,
    End,
    Reset,
    CutShort,
    Silence,
}

/// One request of the swarm.
#[derive(Clone, Debug)]
struct Client {
    starts: u64,
    method: &'static str,
    has_body: bool,
    leaves: Option<u64>,
}

fn manner() -> impl Strategy<Value = Manner> {
    prop_oneof![
        6 => Just(Manner::Answer),
        2 => (1_u64..50).prop_map(Manner::AnswerLate),
        1 => Just(Manner::AnswerAndClose),
        1 => Just(Manner::AnswerAndChatter),
        1 => Just(Manner::AnswerAndEnd),
        1 => Just(Manner::End),
        1 => Just(Manner::Reset),
        1 => Just(Manner::CutShort),
        1 => Just(Manner::Silence),
    ]
}

fn client() -> impl Strategy<Value = Client> {
    (
        0_u64..100,
        prop::sample::select(vec!["GET", "POST", "DELETE"]),
        any::<bool>(),
        prop::option::weighted(0.2, 0_u64..60),
    )
        .prop_map(|(starts, method, has_body, leaves)| Client { starts, method, has_body, leaves })
}

fn dial() -> impl Strategy<Value = Dial> {
    prop_oneof![
        3 => (0_u64..40).prop_map(|delay| Dial::After(Duration::from_millis(delay))),
        1 => Just(Dial::Refused),
    ]
}

/// What the backend has seen: how often each target arrived.
type Seen = Rc<RefCell<BTreeMap<String, usize>>>;

/// Serves a connection; each request as the next manner says.
async fn serve(mut peer: Peer, manners: Rc<RefCell<Vec<Manner>>>, seen: Seen) {
    loop {
        let Some(head) = peer.try_head().await else { return };
        let target = head.split(' ').nth(1).unwrap().to_owned();
        *seen.borrow_mut().entry(target.clone()).or_default() += 1;
        if head.contains("Content-Length: 5") && peer.try_bytes(5).await.is_none() {
            return;
        }
        let manner = manners.borrow_mut().pop().unwrap_or(Manner::Answer);
        let length = target.len();
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{target}");
        match manner {
            Manner::Answer => peer.say(&answer).await,
            Manner::AnswerLate(delay) => {
                sleep(Duration::from_millis(delay)).await;
                peer.say(&answer).await;
            }
            Manner::AnswerAndClose => {
                return peer.say(&answer.replace("\r\n\r\n", "\r\nConnection: close\r\n\r\n")).await;
            }
            Manner::AnswerAndChatter => {
                peer.say(&answer).await;
                return peer.say("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison").await;
            }
            Manner::AnswerAndEnd => return peer.say(&answer).await,
            Manner::End => return,
            Manner::Reset => return peer.reset(),
            Manner::CutShort => return peer.say(&answer[..answer.len() - 1]).await,
            Manner::Silence => sleep(Duration::from_secs(1000)).await,
        }
    }
}

fn outgoing(client: &Client, at: usize) -> Outgoing {
    let body = if client.has_body { Body::whole("hello") } else { Body::empty() };
    let mut outgoing = request(client.method, "/", &[], body);
    outgoing.head.target = format!("/{at}").into();
    outgoing
}

async fn run(clients: Vec<Client>, manners: Vec<Manner>, dials: Vec<Dial>, most: Option<usize>) {
    let stage = Rc::new(Stage::new(|config| {
        config.connections_per_origin_max = most.and_then(NonZeroUsize::new);
        config.response_header_timeout = Some(Duration::from_secs(5));
    }));
    stage.net.plan(dials);
    let seen = Seen::default();
    let manners = Rc::new(RefCell::new(manners));
    let backend = {
        let (stage, seen) = (Rc::clone(&stage), Rc::clone(&seen));
        tokio::task::spawn_local(async move {
            loop {
                let peer = stage.accept().await;
                tokio::task::spawn_local(serve(peer, Rc::clone(&manners), Rc::clone(&seen)));
            }
        })
    };
    let mut running = JoinSet::new();
    for (at, client) in clients.iter().cloned().enumerate() {
        let stage = Rc::clone(&stage);
        running.spawn_local(async move {
            sleep(Duration::from_millis(client.starts)).await;
            let asking = async {
                let incoming = stage.respond(outgoing(&client, at)).await.ok()?;
                read(incoming.body).await.ok()
            };
            let patience = client.leaves.map_or(Duration::from_secs(3600), Duration::from_millis);
            if let Ok(Some(body)) = tokio::time::timeout(patience, asking).await {
                assert_eq!(body, format!("/{at}"), "an answer to another request");
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    for (at, client) in clients.iter().enumerate() {
        let times = seen.borrow().get(&format!("/{at}")).copied().unwrap_or_default();
        let may_repeat = client.method == "GET" && !client.has_body;
        assert!(times <= 1 || may_repeat, "{} delivered {times} times", client.method);
    }
    assert!(stage.transport.idle_connections() <= 2);
    // All that idles grows old, all that is dialled is done: nothing may be left over.
    sleep(Duration::from_secs(200)).await;
    assert!(stage.transport.is_forgetful());
    backend.abort();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn answers_reach_their_own_requests_and_nothing_is_left_over(
        clients in prop::collection::vec(client(), 1..24),
        manners in prop::collection::vec(manner(), 0..40),
        dials in prop::collection::vec(dial(), 0..10),
        most in prop::option::of(1_usize..4),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(on_a_worker(run(clients, manners, dials, most)));
    }
}
