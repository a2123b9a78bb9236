//! From a request to its response: read, record, check, choose a rule, plan the body.

use std::sync::{Arc, atomic::AtomicUsize};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Either, Full, Limited};
use hyper::{
    HeaderMap, Request, Response, StatusCode,
    body::Incoming,
    header::{CACHE_CONTROL, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, RETRY_AFTER},
    http::request::Parts,
};
use serde_json::Value;

use crate::{
    Protocol,
    answer::Answer,
    assistant,
    body::{Breaker, Ending, Holds, Step, SteppedBody},
    exchange::Exchange,
    plan,
    protocol::Route,
    record::{RecordedRequest, Records},
    refusal::Refusal,
    scenario::{Fault, Pace, Reply, Rule, Unmatched},
    script::{PreparedRule, Script, SharedScript},
};

/// Largest request body: far above what a client with images sends.
const BODY_LIMIT: usize = 256 << 20;

/// How many requests are recorded, unless the scenario says otherwise.
const RECORD_LIMIT: usize = 10_000;

/// Bytes in one piece, or bytes that follow steps.
pub(crate) type AnyBody = Either<Full<Bytes>, SteppedBody>;

/// What all connections share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// The scenario in use.
    pub(crate) script: SharedScript,
    /// What was seen.
    pub(crate) records: Records,
    /// When the server started, in seconds since the epoch: the `created` of its answers.
    pub(crate) created: u64,
    /// Held answers.
    pub(crate) holds: Arc<Holds>,
    /// Connections that are open.
    pub(crate) open: AtomicUsize,
}

/// A connection, as its requests see it.
#[derive(Debug)]
pub(crate) struct Connection {
    /// Its number, from 1.
    pub(crate) number: u64,
    /// Breaks it.
    pub(crate) breaker: Arc<Breaker>,
}

/// What a request leads to.
enum Outcome {
    Respond(Response<AnyBody>),
    /// The connection is closed without an answer.
    Drop,
    /// Nothing is ever answered.
    Silence,
}

/// Answers one request. Never returns where the scenario says that nothing is answered.
pub(crate) async fn respond(shared: &Shared, connection: &Connection, request: Request<Incoming>) -> Response<AnyBody> {
    let (parts, body) = request.into_parts();
    let anthropic = parts.headers.contains_key("anthropic-version");
    let route = Route::find(&parts.method, parts.uri.path(), anthropic);
    let script = shared.script.load_full();
    let body = match Limited::new(body, BODY_LIMIT).collect().await {
        Ok(body) => body.to_bytes(),
        Err(_) => return refused(protocol_of(route), &Refusal::status(413, "Request exceeds the maximum size.")),
    };
    let number = matches!(route, Route::Infer(_)).then(|| script.number());
    let mut rule = None;
    let outcome = match (route, number) {
        (Route::Infer(protocol), Some(number)) => {
            let asked = Asked { shared, script: &script, headers: &parts.headers, body: &body, protocol, number };
            asked.answer(connection, &mut rule)
        }
        (Route::Models(protocol), _) => Outcome::Respond(models(&script, &parts.headers, protocol, shared.created)),
        (route, _) => Outcome::Respond(not_found(&parts, protocol_of(route))),
    };
    record(shared, &script, connection, parts, body, number, rule, &outcome);
    match outcome {
        Outcome::Respond(response) => return response,
        Outcome::Drop => connection.breaker.trip(Ending::Close),
        Outcome::Silence => {}
    }
    std::future::pending().await
}

fn protocol_of(route: Route) -> Protocol {
    match route {
        Route::Infer(protocol) | Route::Models(protocol) | Route::Unknown(protocol) => protocol,
    }
}

#[expect(clippy::too_many_arguments, reason = "a record is exactly these, and a struct of them would be built once")]
fn record(
    shared: &Shared,
    script: &Script,
    connection: &Connection,
    parts: Parts,
    body: Bytes,
    number: Option<u64>,
    rule: Option<usize>,
    outcome: &Outcome,
) {
    let limit = script.scenario.record.unwrap_or(RECORD_LIMIT);
    if limit == 0 {
        return;
    }
    let status = if let Outcome::Respond(response) = outcome { Some(response.status().as_u16()) } else { None };
    let request = RecordedRequest {
        number,
        method: parts.method,
        path: parts.uri.to_string(),
        headers: parts.headers,
        body,
        at: shared.records.now(),
        connection: connection.number,
        rule,
        status,
    };
    shared.records.add(request, limit);
}

/// A request for an answer, with all that decides on it.
struct Asked<'a> {
    shared: &'a Shared,
    script: &'a Script,
    headers: &'a HeaderMap,
    body: &'a Bytes,
    protocol: Protocol,
    number: u64,
}

impl Asked<'_> {
    fn answer(&self, connection: &Connection, chosen: &mut Option<usize>) -> Outcome {
        let body: Value = match serde_json::from_slice(self.body) {
            Ok(body) => body,
            Err(error) => return self.refuse(&self.protocol.no_json(&error)),
        };
        if let Err(refusal) = self.check(&body) {
            return self.refuse(&refusal);
        }
        let exchange = self.protocol.read(&body, self.body.len());
        if let Some((place, rule, prepared)) = self.script.choose(&exchange, self.number) {
            *chosen = Some(place);
            return self.follow(rule, prepared, &exchange, connection);
        }
        match self.script.scenario.unmatched {
            Unmatched::Fail => self.refuse(&Refusal::status(500, "no rule of the scenario fits this request")),
            Unmatched::Assistant => {
                let reply = assistant::reply(&exchange);
                self.send(&reply, &Pace::default(), None, &exchange, connection)
            }
        }
    }

    fn refuse(&self, refusal: &Refusal) -> Outcome {
        Outcome::Respond(refused(self.protocol, refusal))
    }

    /// Key, model, and the provider's own rules.
    fn check(&self, body: &Value) -> Result<(), Refusal> {
        check_key(self.script, self.headers, self.protocol)?;
        if !self.script.scenario.lenient {
            if self.protocol == Protocol::Anthropic && !self.headers.contains_key("anthropic-version") {
                return Err(Refusal::invalid("anthropic-version: header is required"));
            }
            self.protocol.check(body)?;
        }
        let models = &self.script.scenario.models;
        let model = body["model"].as_str().unwrap_or_default();
        if models.is_empty() || models.iter().any(|name| name == model) {
            return Ok(());
        }
        Err(self.protocol.no_model(model))
    }

    /// Does what a rule says.
    fn follow(
        &self,
        rule: &Rule,
        prepared: &PreparedRule,
        exchange: &Exchange<'_>,
        connection: &Connection,
    ) -> Outcome {
        let whole = || self.protocol.render(&self.make(&rule.reply, &rule.pace, exchange), exchange.stream).whole();
        if let Some(body) = prepared.fixed_body(exchange, whole) {
            return Outcome::Respond(self.fixed(exchange.stream, body, connection));
        }
        match &rule.fault {
            Some(Fault::Drop) => Outcome::Drop,
            Some(Fault::Stall { after: None }) => Outcome::Silence,
            Some(Fault::Status { code, retry_after, message }) => {
                let message = message.as_deref().unwrap_or_else(|| self.protocol.usual_message(*code));
                let mut response = refused(self.protocol, &Refusal::status(*code, message));
                if let Some(seconds) = retry_after {
                    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(*seconds));
                }
                Outcome::Respond(response)
            }
            Some(Fault::Raw { status, content_type, body }) => {
                Outcome::Respond(plain(*status, content_type, Bytes::from(body.clone())))
            }
            Some(Fault::Huge { bytes }) => {
                let reply = Reply { deltas: vec!["x".repeat(*bytes)], ..rule.reply.clone() };
                self.send(&reply, &rule.pace, None, exchange, connection)
            }
            fault if rule.reply.is_empty() => {
                self.send(&assistant::reply(exchange), &rule.pace, fault.as_ref(), exchange, connection)
            }
            fault => self.send(&rule.reply, &rule.pace, fault.as_ref(), exchange, connection),
        }
    }

    /// A kept body: one write, a stream's without announced length as streams have none.
    fn fixed(&self, stream: bool, body: Bytes, connection: &Connection) -> Response<AnyBody> {
        let content_type = match (stream, self.protocol) {
            (false, _) => return plain(200, "application/json", body),
            (true, Protocol::Ollama) => "application/x-ndjson",
            (true, _) => "text/event-stream; charset=utf-8",
        };
        let (breaker, holds) = (Arc::clone(&connection.breaker), Arc::clone(&self.shared.holds));
        let body = SteppedBody::new(vec![Step::Send(body)], breaker, holds);
        let mut response = head(200, content_type, Either::Right(body));
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        response
    }

    fn make(&self, reply: &Reply, pace: &Pace, exchange: &Exchange<'_>) -> Answer {
        Answer::new(reply, pace, exchange, self.number, self.shared.created)
    }

    fn send(
        &self,
        reply: &Reply,
        pace: &Pace,
        fault: Option<&Fault>,
        exchange: &Exchange<'_>,
        connection: &Connection,
    ) -> Outcome {
        let rendered = self.protocol.render(&self.make(reply, pace, exchange), exchange.stream);
        let plan = if exchange.stream {
            plan::streamed(&rendered, pace, fault, self.protocol)
        } else {
            // A plain answer that takes as long as its deltas would.
            plan::plain(&rendered, pace, fault, self.protocol)
        };
        let body = SteppedBody::new(plan.steps, Arc::clone(&connection.breaker), Arc::clone(&self.shared.holds));
        let content_type = match fault {
            Some(Fault::ContentType(wrong)) => wrong,
            _ => rendered.content_type,
        };
        let mut response = head(200, content_type, Either::Right(body));
        if let Some(length) = plan.length {
            response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
        } else {
            response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        }
        Outcome::Respond(response)
    }
}

/// Refuses a missing or wrong key where the scenario has one.
fn check_key(script: &Script, headers: &HeaderMap, protocol: Protocol) -> Result<(), Refusal> {
    let Some(key) = script.scenario.api_key.as_deref() else { return Ok(()) };
    let sent = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let good = match protocol {
        Protocol::OpenAI => sent("authorization").and_then(|value| value.strip_prefix("Bearer ")) == Some(key),
        Protocol::Anthropic => sent("x-api-key") == Some(key),
        Protocol::Ollama => true,
    };
    if good { Ok(()) } else { Err(Refusal::status(401, protocol.usual_message(401))) }
}

fn models(script: &Script, headers: &HeaderMap, protocol: Protocol, created: u64) -> Response<AnyBody> {
    if let Err(refusal) = check_key(script, headers, protocol) {
        return refused(protocol, &refusal);
    }
    let any = ["scripted".to_owned()];
    let names = if script.scenario.models.is_empty() { &any[..] } else { &script.scenario.models };
    plain(200, "application/json", Bytes::from(protocol.models(names, created).to_string()))
}

fn not_found(parts: &Parts, protocol: Protocol) -> Response<AnyBody> {
    let message = format!("Invalid URL ({} {})", parts.method, parts.uri.path());
    refused(protocol, &Refusal::status(404, message).code("unknown_url"))
}

/// An error with the provider's envelope.
fn refused(protocol: Protocol, refusal: &Refusal) -> Response<AnyBody> {
    plain(refusal.status, "application/json", Bytes::from(protocol.error_body(refusal).to_string()))
}

fn plain(status: u16, content_type: &str, body: Bytes) -> Response<AnyBody> {
    head(status, content_type, Either::Left(Full::new(body)))
}

/// A response head; a status or content type that HTTP does not allow becomes a 500, or none at all.
fn head(status: u16, content_type: &str, body: AnyBody) -> Response<AnyBody> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Ok(value) = HeaderValue::from_str(content_type) {
        response.headers_mut().insert(CONTENT_TYPE, value);
    }
    response
}
