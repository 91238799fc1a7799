use serde_json::json;

use super::*;
use crate::{identity::User, meta::protobuf};

async fn asked(user: User, fields: &[(Name, &str)], body: &[u8]) -> Seen {
    let mut exchange = exchange("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", fields, body);
    exchange.facts.put(user);
    let server = Server::new().await;
    let answer = server.rest.review_self(&mut exchange, Permit::of_a_test()).await;
    let (head, body) = match answer {
        Ok(Answer::Reply(head, body)) => (head, body),
        Ok(other) => panic!("{other:?}"),
        Err(refusal) => refusal.render(&exchange.head),
    };
    seen(*head, body).await
}

fn jane() -> User {
    User {
        name: "jane".into(),
        uid: "7".into(),
        groups: vec!["devs".into(), "system:authenticated".into()],
        extra: [("scopes".into(), vec!["a".into()])].into(),
    }
}

#[test]
fn a_user_is_told_who_that_is() {
    run(async {
        let answer =
            asked(jane(), &[], br#"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#).await;
        assert_eq!(answer.status(), 201);
        let info = json!({"username": "jane", "uid": "7", "groups": ["devs", "system:authenticated"], "extra": {"scopes": ["a"]}});
        assert_eq!(answer.json()["status"], json!({"userInfo": info}));
        assert_eq!(answer.json()["metadata"], json!({"creationTimestamp": "2026-01-02T03:04:05Z"}));
    });
}

#[test]
fn kubectl_asks_in_protobuf() {
    run(async {
        let name = "application/vnd.kubernetes.protobuf";
        let body = protobuf::envelope("authentication.k8s.io/v1", "SelfSubjectReview", Vec::new());
        let answer = asked(jane(), &[(Name::CONTENT_TYPE, name), (Name::ACCEPT, name)], &body).await;
        assert_eq!(answer.status(), 201);
        assert!(
            answer.body.starts_with("k8s\0") && answer.body.contains("\n\u{4}jane\u{12}\u{1}7\u{1a}\u{4}devs"),
            "{:?}",
            answer.body
        );
        // The values of an extra key are a message of their own.
        assert!(answer.body.contains("\"\r\n\u{6}scopes\u{12}\u{3}\n\u{1}a"), "{:?}", answer.body);
    });
}

#[test]
fn another_kind_is_no_question() {
    run(async {
        let answer = asked(jane(), &[], br#"{"kind":"Pod","apiVersion":"v1"}"#).await;
        assert_eq!(answer.status(), 400);
    });
}
