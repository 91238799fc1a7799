//! Which form an answer has: what the client accepts, held against what is offered.

mod clause;

use bytes::Bytes;

use self::clause::Clause;
use super::{group::GroupVersionKind, json::Layout, query::Query, status::Status};
use crate::wire::{Name, RequestHead, headers::trim};

/// The forms in which objects travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Media {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
}

impl Media {
    /// All of them, the server's favourite first. Go: `serializer/codec_factory.go` `newSerializersForScheme`.
    pub const ALL: &[Self] = &[Self::Json, Self::Yaml, Self::Protobuf];

    /// Its media type.
    pub const fn content_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Yaml => "application/yaml",
            Self::Protobuf => "application/vnd.kubernetes.protobuf",
        }
    }

    /// The form that a media type names, in lower case and without parameters.
    pub fn from_content_type(name: &[u8]) -> Option<Self> {
        Self::ALL.iter().copied().find(|media| media.content_type().as_bytes() == name)
    }

    /// Whether events can be streamed in it.
    pub const fn has_stream(self) -> bool {
        !matches!(self, Self::Yaml)
    }
}

/// What an endpoint can answer with.
#[derive(Clone, Copy, Debug)]
pub struct Offer<'a> {
    /// The forms, the favourite first.
    pub media: &'a [Media],
    /// Whether it can turn its answer into a kind (`as=Table;g=meta.k8s.io;v=v1`), in this form.
    pub transforms: fn(Media, &GroupVersionKind) -> bool,
    /// Whether the answer is one object or a stream of events.
    pub stream: Stream,
}

/// Whether an answer is one object or a stream of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// One object.
    Whole,
    /// Events of a watch.
    Watch,
}

impl<'a> Offer<'a> {
    /// One object, as it is.
    pub const fn plain(media: &'a [Media]) -> Self {
        Self { media, transforms: |_, _| false, stream: Stream::Whole }
    }

    /// One object, or what it can be turned into.
    pub const fn transformed(media: &'a [Media], transforms: fn(Media, &GroupVersionKind) -> bool) -> Self {
        Self { media, transforms, stream: Stream::Whole }
    }
}

/// The form that was agreed on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// The form.
    pub media: Media,
    /// How JSON is laid out.
    pub layout: Layout,
    /// What the answer is to be turned into.
    pub transform: Option<GroupVersionKind>,
    /// Whether the client asked for a stream by name (`stream=watch`).
    pub stream: bool,
}

/// Finds the first form that the client accepts and the endpoint offers.
///
/// # Errors
/// 406 that lists the offered media types.
///
/// Go: `apiserver/pkg/endpoints/handlers/negotiation/negotiate.go` `NegotiateOutputMediaType`.
pub fn negotiate(head: &RequestHead, offer: &Offer<'_>) -> Result<Accepted, Status> {
    let accept = head.headers.get(&Name::ACCEPT).map(trim).unwrap_or_default();
    let found = if accept.is_empty() {
        offer.media.first().map(|media| Accepted::plain(*media))
    } else {
        clause::parse(accept).iter().find_map(|clause| first_offered(clause, offer))
    };
    found
        .filter(|accepted| offer.stream == Stream::Whole || accepted.media.has_stream())
        .map(|accepted| accepted.laid_out(head))
        .ok_or_else(|| not_acceptable(offer))
}

/// Finds the first form that the client accepts and the endpoint turns its answer into. A clause without `as`, `g` and `v` counts for
/// nothing.
///
/// Go: `negotiate.go` `NegotiateMediaTypeOptions`, where the endpoint refuses what is no transformation.
pub fn negotiate_transformed(head: &RequestHead, offer: &Offer<'_>) -> Option<Accepted> {
    let accept = head.headers.get(&Name::ACCEPT).map(trim).unwrap_or_default();
    let transformed = |clause| first_offered(clause, offer).filter(|accepted| accepted.transform.is_some());
    clause::parse(accept).iter().find_map(transformed).map(|accepted| accepted.laid_out(head))
}

/// Which of some media types the client likes best; all are equal to a client that says nothing. For documents that are no objects.
///
/// Go: `github.com/munnerz/goautoneg` `Negotiate`.
pub fn choose(head: &RequestHead, offered: &[&str]) -> Option<usize> {
    let accept = head.headers.get(&Name::ACCEPT).map(trim).unwrap_or_default();
    let accept = if accept.is_empty() { b"*/*" } else { accept };
    clause::parse(accept).iter().find_map(|clause| offered.iter().position(|media| clause.names(media)))
}

impl Accepted {
    /// A form and nothing special about it.
    pub const fn plain(media: Media) -> Self {
        Self { media, layout: Layout::Compact, transform: None, stream: false }
    }

    fn laid_out(mut self, head: &RequestHead) -> Self {
        if self.layout == Layout::Compact && wants_pretty(head) {
            self.layout = Layout::Pretty;
        }
        self
    }
}

fn first_offered(clause: &Clause<'_>, offer: &Offer<'_>) -> Option<Accepted> {
    offer
        .media
        .iter()
        .filter(|media| clause.names(media.content_type()))
        .find_map(|media| with_parameters(clause, *media, offer))
}

/// Go: `acceptMediaTypeOptions`.
fn with_parameters(clause: &Clause<'_>, media: Media, offer: &Offer<'_>) -> Option<Accepted> {
    let mut accepted = Accepted::plain(media);
    for (key, value) in &clause.parameters {
        match key.as_slice() {
            b"as" => accepted.target().kind = lossy(value),
            b"g" => accepted.target().group = lossy(value),
            b"v" => accepted.target().version = lossy(value),
            b"stream" if !value.is_empty() => {
                if *value != b"watch" || !media.has_stream() {
                    return None;
                }
                accepted.stream = true;
            }
            b"sv" if !value.is_empty() && *value != b"v1" => return None,
            b"pretty" if *value == b"1" => accepted.layout = Layout::Pretty,
            _ => {}
        }
    }
    let offered = accepted.transform.as_ref().is_none_or(|kind| (offer.transforms)(media, kind));
    offered.then_some(accepted)
}

impl Accepted {
    fn target(&mut self) -> &mut GroupVersionKind {
        self.transform.get_or_insert_default()
    }
}

/// Go: `isPrettyPrint`.
fn wants_pretty(head: &RequestHead) -> bool {
    let pretty = Query::of(head).text("pretty");
    if !pretty.is_empty() {
        return matches!(&*pretty, "1" | "t" | "T" | "true" | "TRUE" | "True");
    }
    let agent = head.headers.get(&Name::USER_AGENT).unwrap_or_default();
    [&b"curl"[..], b"Wget", b"Mozilla/5.0"].iter().any(|human| agent.starts_with(human))
}

/// Go: `negotiation/errors.go` `errNotAcceptable`.
fn not_acceptable(offer: &Offer<'_>) -> Status {
    let offered: Vec<String> = match offer.stream {
        Stream::Whole => offer.media.iter().map(|media| media.content_type().to_owned()).collect(),
        Stream::Watch => offer
            .media
            .iter()
            .filter(|media| media.has_stream())
            .map(|media| format!("{};stream=watch", media.content_type()))
            .collect(),
    };
    Status::not_acceptable(format!("only the following media types are accepted: {}", offered.join(", ")))
}

fn lossy(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// A Status in the form that the request asks for: its content type and its bytes.
///
/// What cannot be agreed on is indented JSON: the failure itself matters more. Go: `responsewriters/writers.go` `ErrorNegotiated`.
pub fn render_status(status: &Status, head: &RequestHead) -> (&'static str, Bytes) {
    let accepted = negotiate(head, &Offer::plain(Media::ALL))
        .unwrap_or(Accepted { layout: Layout::Pretty, ..Accepted::plain(Media::Json) });
    let bytes = match accepted.media {
        Media::Json => super::encode_json(&status.to_value(), accepted.layout),
        Media::Yaml => super::encode_yaml(&status.to_value()),
        Media::Protobuf => super::protobuf::encode_status(status),
    };
    (accepted.media.content_type(), bytes)
}

#[cfg(test)]
mod tests;
