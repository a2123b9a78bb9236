//! A model's own limits hold as long as its answer streams, whichever way that ends.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use troupe_core::model::{ModelLimits, ModelSnapshot, Protocol};
use troupe_core::port::ModelClient;
use troupe_model_server::{Fault, Rule};

use crate::setup::{PROTOCOLS, ask, asking, model, models, read, server};

fn one_at_a_time(model: ModelSnapshot) -> ModelSnapshot {
    ModelSnapshot { limits: ModelLimits { max_concurrent: Some(1), ..ModelLimits::default() }, ..model }
}

#[tokio::test]
async fn the_next_call_begins_when_the_stream_is_read_or_dropped() {
    let server = server([Rule::text("one two three")]).await;
    let models = models();
    let request = || asking(one_at_a_time(model(Protocol::OpenAI, &server)), "Hi");
    let mut first = models.stream(request()).await.unwrap();
    first.next().await.unwrap().unwrap();
    assert!(models.stream(request()).now_or_never().is_none());
    assert_eq!(server.requests().len(), 1, "the second call does not leave before the first has ended");
    drop(first);
    let second = models.stream(request()).await.unwrap();
    assert_eq!(read(second).await.text, "one two three");
    assert_eq!(ask(&models, request()).await.text, "one two three");
}

#[tokio::test]
async fn a_dropped_stream_ends_its_connection() {
    let server = server([Rule::text("one two three").failing(Fault::Stall { after: Some(1) })]).await;
    let models = models();
    for protocol in PROTOCOLS {
        let mut stream = models.stream(asking(model(protocol, &server), "Hi")).await.unwrap();
        stream.next().await.unwrap().unwrap();
        assert_eq!(server.connections().open, 1);
        drop(stream);
        let closed = async {
            while server.connections().open > 0 {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), closed).await.expect("the provider goes on for nobody");
    }
}

#[tokio::test]
async fn a_call_that_fails_gives_its_place_back() {
    let server = server([
        Rule::fault(Fault::Drop).times(1),
        Rule::fault(Fault::Reset { after: 0 }).times(1),
        Rule::text("at last"),
    ])
    .await;
    let models = models();
    let request = || asking(one_at_a_time(model(Protocol::Anthropic, &server)), "Hi");
    assert!(ask(&models, request()).await.error.is_some());
    assert!(ask(&models, request()).await.error.is_some());
    assert_eq!(ask(&models, request()).await.text, "at last");
}
