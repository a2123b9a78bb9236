//! The load generator against a model server in this process: whole answers count, broken ones do not, and are told apart.

use troupe_bench::{
    load::{Load, run},
    target::{Mode, Target},
};
use troupe_model_server::{Fault, ModelServer, Reply, Rule, Scenario, Usage, When};

const DELTAS: usize = 20;

fn answer() -> Rule {
    let deltas = (0..DELTAS).map(|n| format!("~{n} ")).collect();
    Reply { deltas, usage: Some(Usage::default()), ..Reply::default() }.into()
}

#[tokio::test]
async fn every_call_is_made_once_and_counted() {
    let server = ModelServer::start(Scenario::of([answer()])).await.unwrap();
    let targets = [Mode::Chat, Mode::ChatStream].map(|mode| Target::new(mode, server.address(), "m", DELTAS));
    let run = run(Load { concurrency: 4, count: 50 }, &targets).await;
    let counts: Vec<_> = run.series.iter().map(|series| (series.complete(), series.incomplete())).collect();
    assert_eq!(counts, [(50, 0), (50, 0)], "{:?}", run.series[0].complaint());
    assert_eq!(server.requests().len(), 100);
    assert_eq!(server.connections().accepted, 8, "each caller keeps a connection to each target");
    let (first, total) = (run.series[1].first(), run.series[1].total());
    assert!(!first.p50.is_zero() && first.max <= total.max && total.p50 <= total.p99);
    assert!(run.rate() > 0.0);
}

#[tokio::test]
async fn broken_answers_are_incomplete_and_the_next_call_goes_on() {
    let faults = [
        (Fault::Truncate { after: DELTAS }, "no [DONE]"),
        (Fault::Truncate { after: 3 }, "3 of 20 deltas"),
        (Fault::Reset { after: 3 }, ""),
        (Fault::HangUp { after: DELTAS }, ""),
        (Fault::Drop, ""),
        (Fault::Status { code: 500, retry_after: None, message: None }, "status 500"),
    ];
    for (fault, complaint) in faults {
        let second = When { number: Some(2), ..When::default() };
        let rules = [answer().failing(fault.clone()).when(second), answer()];
        let server = ModelServer::start(Scenario::of(rules)).await.unwrap();
        let target = Target::new(Mode::ChatStream, server.address(), "m", DELTAS);
        let run = run(Load { concurrency: 1, count: 4 }, &[target]).await;
        let series = &run.series[0];
        assert_eq!((series.complete(), series.incomplete()), (3, 1), "{fault:?}");
        assert!(series.complaint().unwrap().starts_with(complaint), "{fault:?}: {:?}", series.complaint());
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_complaint() {
    let server = ModelServer::start(Scenario::default()).await.unwrap();
    let target = Target::new(Mode::Infer, server.address(), "m", 1);
    server.stop().await;
    let run = run(Load { concurrency: 2, count: 4 }, &[target]).await;
    assert_eq!((run.series[0].complete(), run.series[0].incomplete()), (0, 4));
    assert!(run.series[0].complaint().unwrap().starts_with("cannot connect"));
}
