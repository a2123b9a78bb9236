//! Which of its caller's spans a run belongs below: W3C Trace Context, `traceparent` and `tracestate`.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use axum::http::HeaderMap;
use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;

/// The most requests that are remembered: those that start no run make room for newer ones. A run is accepted within
/// milliseconds of its request, so that one in use is never pushed out.
const MOST: usize = 1_024;

/// The callers' spans by the ids of their requests, until the runs of these are accepted.
#[derive(Debug, Default)]
pub(crate) struct Parents {
    waiting: Mutex<VecDeque<(String, Context)>>,
}

impl Parents {
    /// Remembers the span that a request names, if it names one.
    pub(crate) fn expect(&self, request_id: &str, headers: &HeaderMap) {
        let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(headers));
        if !context.span().span_context().is_valid() {
            return;
        }
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= MOST {
            waiting.pop_front();
        }
        waiting.push_back((request_id.to_owned(), context));
    }

    /// The span of a request, once; an empty context where it named none.
    pub(crate) fn take(&self, request_id: Option<&str>) -> Context {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let place = waiting.iter().rposition(|(id, _)| Some(id.as_str()) == request_id);
        place.and_then(|place| waiting.remove(place)).map(|(_, context)| context).unwrap_or_default()
    }
}

struct Headers<'a>(&'a HeaderMap);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)?.to_str().ok()
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys().map(axum::http::HeaderName::as_str).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn headers(parent: &'static str) -> HeaderMap {
        HeaderMap::from_iter([("traceparent".parse().unwrap(), parent.parse().unwrap())])
    }

    #[test]
    fn a_callers_span_is_given_once_to_the_run_of_its_request() {
        let parents = Parents::default();
        parents.expect("a", &headers(PARENT));
        parents.expect("b", &HeaderMap::new());
        parents.expect("c", &headers("00-nonsense"));
        for other in [Some("b"), Some("c"), None] {
            assert!(!parents.take(other).has_active_span());
        }
        let context = parents.take(Some("a"));
        let span = context.span().span_context().clone();
        assert_eq!(span.trace_id().to_string(), "0af7651916cd43dd8448eb211c80319c");
        assert_eq!(span.span_id().to_string(), "b7ad6b7169203331");
        assert!(span.is_sampled() && span.is_remote());
        assert!(!parents.take(Some("a")).has_active_span());
    }

    #[test]
    fn requests_that_start_no_run_are_forgotten() {
        let parents = Parents::default();
        (0..=MOST).for_each(|id| parents.expect(&id.to_string(), &headers(PARENT)));
        assert!(!parents.take(Some("0")).has_active_span());
        assert!(parents.take(Some("1")).has_active_span());
    }
}
