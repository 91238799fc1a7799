use proptest::prelude::*;
use serde_json::json;

use super::*;

async fn with_api_services(count: usize) -> Server {
    let server = Server::new().await;
    for at in 0..count {
        let seen = server.post(API_SERVICES, &api_service("v1", &format!("g{at:02}.test"))).await;
        assert_eq!(seen.status(), 201, "{}", seen.body);
    }
    server
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().unwrap();
    items.iter().map(|item| item["metadata"]["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn pages_of_any_size_are_the_whole_list_as_it_was_at_the_first() {
    run(async {
        let server = with_api_services(7).await;
        let whole = names(&server.get(API_SERVICES).await.json());
        for limit in 1..8 {
            let mut found = Vec::new();
            let mut page = server.get(&format!("{API_SERVICES}?limit={limit}")).await.json();
            let revision = page["metadata"]["resourceVersion"].clone();
            server.post(API_SERVICES, &api_service("v1", &format!("g00a{limit}.test"))).await;
            loop {
                found.extend(names(&page));
                assert_eq!(page["metadata"]["resourceVersion"], revision);
                let remaining = page["metadata"]["remainingItemCount"].as_u64().unwrap_or_default() as usize;
                assert_eq!(remaining, whole.len() - found.len());
                let Some(token) = page["metadata"]["continue"].as_str() else { break };
                page = server.get(&format!("{API_SERVICES}?limit={limit}&continue={token}")).await.json();
            }
            assert_eq!(found, whole, "{limit}");
            server.delete(&format!("{API_SERVICES}/v1.g00a{limit}.test")).await;
        }
    });
}

#[test]
fn a_revision_can_be_asked_for_in_gos_ways() {
    run(async {
        let server = with_api_services(3).await;
        for (query, count) in [
            ("resourceVersion=0&limit=1", 3),
            ("resourceVersion=4&limit=10", 2),
            ("resourceVersion=4", 3),
            ("resourceVersion=4&resourceVersionMatch=Exact", 2),
            ("resourceVersion=4&resourceVersionMatch=NotOlderThan&limit=10", 3),
            ("limit=-1", 3),
        ] {
            let list = server.get(&format!("{API_SERVICES}?{query}")).await.json();
            assert_eq!(names(&list).len(), count, "{query}");
        }
        let seen = server.get(&format!("{API_SERVICES}?resourceVersion=100")).await;
        assert_eq!(
            (seen.status(), seen.message()),
            (504, "Timeout: Too large resource version: 100, current: 5".to_owned())
        );
        assert_eq!(seen.json()["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    });
}

#[test]
fn options_that_do_not_go_together_are_refused() {
    run(async {
        let server = Server::new().await;
        for (query, words) in [
            ("resourceVersionMatch=Exact", "resourceVersionMatch is forbidden unless resourceVersion is provided"),
            (
                "resourceVersion=0&resourceVersionMatch=Exact",
                "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
            ),
            ("sendInitialEvents=true", "sendInitialEvents is forbidden for list"),
            (
                "watch=1&sendInitialEvents=true",
                "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            ),
            (
                "watch=1&resourceVersion=1&resourceVersionMatch=NotOlderThan",
                "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            ),
        ] {
            let seen = server.get(&format!("{API_SERVICES}?{query}")).await;
            assert_eq!(seen.status(), 422, "{query}: {}", seen.body);
            assert!(seen.message().contains(words), "{query}: {}", seen.message());
        }
        let seen = server.get(&format!("{API_SERVICES}?limit=x")).await;
        assert_eq!(
            (seen.status(), seen.message()),
            (400, "strconv.ParseInt: parsing \"x\": invalid syntax".to_owned())
        );
    });
}

#[test]
fn a_long_list_is_compressed_for_who_accepts_that() {
    run(async {
        let server = Server::new().await;
        for at in 0..4 {
            let mut object = service(&format!("s{at}"));
            object["metadata"]["annotations"] = json!({"long": "x".repeat(60_000)});
            assert_eq!(server.post(SERVICES, &object).await.status(), 201);
        }
        let seen = server.send("GET", SERVICES, &[(Name::ACCEPT_ENCODING, "br, gzip")], b"").await;
        assert_eq!(seen.head.headers.get(&Name::CONTENT_ENCODING), Some(&b"gzip"[..]));
        let seen = server.send("GET", SERVICES, &[(Name::ACCEPT_ENCODING, "gzip;q=1.0")], b"").await;
        assert_eq!(seen.head.headers.get(&Name::CONTENT_ENCODING), None);
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn no_query_makes_it_panic(query in "(limit|continue|resourceVersion|labelSelector|fieldSelector|timeoutSeconds)=[ -~é]{0,12}(&dryRun=[a-z]{0,3})?") {
        let query = query.replace(['#', ' ', '%', 'é'], "x");
        run(async {
            let server = Server::new().await;
            server.get(&format!("{API_SERVICES}?{query}")).await;
        });
    }
}
