use serde_json::json;

use super::*;
use crate::wire::Frame;

/// The next line of a watch; none at its end.
async fn line(body: &mut Body) -> Option<Value> {
    loop {
        match body.frame().await? {
            Ok(Frame::Data(data)) => return Some(serde_json::from_slice(&data).unwrap()),
            Ok(_) => {}
            Err(cut) => panic!("{cut}"),
        }
    }
}

async fn watch(server: &Server, query: &str) -> Body {
    let (head, mut body) = server.open("GET", &format!("{API_SERVICES}?watch=1&{query}"), &[], b"").await;
    assert_eq!(head.status, 200);
    assert!(matches!(body.frame().await, Some(Ok(Frame::Flush))), "the head leaves at once");
    body
}

fn shown(event: &Value) -> String {
    let metadata = &event["object"]["metadata"];
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    format!("{} {} {}", text(&event["type"]), text(&metadata["name"]), text(&metadata["resourceVersion"]))
}

#[test]
fn a_watch_without_a_revision_begins_with_what_is_there_by_name() {
    run(async {
        let server = Server::new().await;
        for group in ["b.test", "a.test"] {
            server.post(API_SERVICES, &api_service("v1", group)).await;
        }
        let mut body = watch(&server, "").await;
        assert_eq!(shown(&line(&mut body).await.unwrap()), "ADDED v1.a.test 4");
        assert_eq!(shown(&line(&mut body).await.unwrap()), "ADDED v1.b.test 3");
        let path = format!("{API_SERVICES}/v1.a.test");
        server.merge(&path, &json!({"metadata": {"labels": {"x": "y"}}})).await;
        server.delete(&path).await;
        assert_eq!(shown(&line(&mut body).await.unwrap()), "MODIFIED v1.a.test 5");
        assert_eq!(shown(&line(&mut body).await.unwrap()), "DELETED v1.a.test 6");
    });
}

#[test]
fn what_leaves_the_selection_is_deleted_and_what_enters_it_is_added() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let mut body = watch(&server, "resourceVersion=3&labelSelector=x%3Dy").await;
        let path = format!("{API_SERVICES}/v1.a.test");
        for label in [json!("y"), json!("y2"), json!("y")] {
            server.merge(&path, &json!({"metadata": {"labels": {"x": label}}})).await;
        }
        let events = [line(&mut body).await.unwrap(), line(&mut body).await.unwrap(), line(&mut body).await.unwrap()];
        assert_eq!(events.each_ref().map(shown), ["ADDED v1.a.test 4", "DELETED v1.a.test 5", "ADDED v1.a.test 6"]);
        assert_eq!(events[1]["object"]["metadata"]["labels"]["x"], "y", "as it was while it was selected");
    });
}

#[test]
fn the_end_of_the_first_events_is_marked_for_who_asks() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let query = "sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true";
        let mut body = watch(&server, query).await;
        assert_eq!(shown(&line(&mut body).await.unwrap()), "ADDED v1.a.test 3");
        let mark = line(&mut body).await.unwrap();
        assert_eq!(shown(&mark), "BOOKMARK - 3");
        assert_eq!(mark["object"]["metadata"]["annotations"], json!({"k8s.io/initial-events-end": "true"}));
        assert_eq!(mark["object"]["spec"], json!({"groupPriorityMinimum": 0, "versionPriority": 0}));
    });
}

#[test]
fn bookmarks_tell_of_progress_and_the_time_ends_a_watch_cleanly() {
    run(async {
        let server = Server::new().await;
        let mut body = watch(&server, "allowWatchBookmarks=true&timeoutSeconds=100").await;
        server.post(SERVICES, &service("elsewhere")).await;
        assert_eq!(shown(&line(&mut body).await.unwrap()), "BOOKMARK - 3");
        server.post(SERVICES, &service("later")).await;
        let before_the_end = line(&mut body).await.unwrap();
        assert_eq!(shown(&before_the_end), "BOOKMARK - 4");
        assert_eq!(line(&mut body).await, None);
        let mut silent = watch(&server, "timeoutSeconds=100").await;
        assert_eq!(line(&mut silent).await, None);
    });
}

/// The sum of now and so long a time panicked.
#[test]
fn a_watch_may_ask_for_more_time_than_there_is() {
    run(async {
        let server = Server::new().await;
        server.post(API_SERVICES, &api_service("v1", "a.test")).await;
        let mut body = watch(&server, "timeoutSeconds=9223372036854775807").await;
        assert_eq!(shown(&line(&mut body).await.unwrap()), "ADDED v1.a.test 3");
    });
}

/// The process waited a minute for every watch before it ended, and then cut them.
#[test]
fn a_server_that_stops_ends_its_watches_cleanly() {
    run(async {
        let server = Server::new().await;
        let mut body = watch(&server, "").await;
        server.stopper.stop();
        assert_eq!(line(&mut body).await, None);
    });
}

/// Its connection stayed until an event could not be written, for half an hour of a quiet kind.
#[test]
fn a_client_that_leaves_ends_its_watch() {
    run(async {
        let server = Server::new().await;
        let mut exchange = exchange("GET", &format!("{API_SERVICES}?watch=1"), &[], b"");
        let route = route(&exchange.head).unwrap();
        let answer = server.rest.serve(&mut exchange, &route, Permit::of_a_test()).await;
        let Ok(Answer::Reply(_, mut body)) = answer else { panic!("{answer:?}") };
        assert!(matches!(body.frame().await, Some(Ok(Frame::Flush))));
        exchange.gone.set();
        assert_eq!(line(&mut body).await, None);
    });
}

#[test]
fn a_revision_that_is_forgotten_is_an_event_and_the_end() {
    run(async {
        let server = Server::new().await;
        for turn in 0..crate::config::limits::STORE_EVENTS_KEPT + 5 {
            let path = format!("{API_SERVICES}/v1.a.test");
            if turn == 0 {
                server.post(API_SERVICES, &api_service("v1", "a.test")).await;
            } else {
                server.merge(&path, &json!({"metadata": {"labels": {"turn": turn.to_string()}}})).await;
            }
        }
        let mut body = watch(&server, "resourceVersion=2").await;
        let event = line(&mut body).await.unwrap();
        assert_eq!((&event["type"], &event["object"]["code"]), (&json!("ERROR"), &json!(410)));
        assert!(event["object"]["message"].as_str().unwrap().starts_with("too old resource version: 2 ("));
        assert_eq!(line(&mut body).await, None);
    });
}

#[test]
fn only_the_first_table_of_a_watch_has_columns() {
    run(async {
        let server = Server::new().await;
        for group in ["a.test", "b.test"] {
            server.post(API_SERVICES, &api_service("v1", group)).await;
        }
        let fields = [(Name::ACCEPT, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json")];
        let (_, mut body) = server.open("GET", &format!("{API_SERVICES}?watch=1"), &fields, b"").await;
        let first = line(&mut body).await.unwrap();
        assert_eq!(first["object"]["columnDefinitions"].as_array().unwrap().len(), 4);
        assert_eq!(first["object"]["rows"][0]["cells"], json!(["v1.a.test", "default/backend", "Unknown", "0s"]));
        let second = line(&mut body).await.unwrap();
        assert_eq!(second["object"]["columnDefinitions"], Value::Null);
    });
}

#[test]
fn a_bad_revision_is_a_500_and_yaml_a_406() {
    run(async {
        let server = Server::new().await;
        let seen = server.get(&format!("{API_SERVICES}?watch=1&resourceVersion=x")).await;
        assert_eq!(
            (seen.status(), seen.message()),
            (500, "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax".to_owned())
        );
        let fields = [(Name::ACCEPT, "application/yaml")];
        let seen = server.send("GET", &format!("{API_SERVICES}?watch=1"), &fields, b"").await;
        assert_eq!(seen.status(), 406);
        assert!(seen.body.contains("application/json;stream=watch"), "{}", seen.body);
    });
}
