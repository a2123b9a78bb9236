//! `kill -9` at every boundary of a turn that calls tools and delegates: the service goes on where it was, calls that finished are
//! not made again, and where nobody can know, the transcript says so.

use futures::{StreamExt as _, stream};
use serde_json::json;
use troupe_model_server::{ModelServer, Pace, Role, Rule, Scenario, Unmatched, When};
use troupe_tests::{Ledger, Place, Service, within};

use crate::manifest::{self, text};

/// Services at one time: what the tests of this crate may ask of a machine with few cores.
const AT_ONCE: usize = 3;

/// The rules of the scenario by the order in which the turn uses them; the place counts.
const ANSWERS: [&str; 6] = ["look", "book", "ask the helper", "note", "help", "done"];

/// Where the turn stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Boundary {
    /// The model was asked for this answer, and has sent so many pieces of it.
    Answer(&'static str, usize),
    /// This tool was called.
    Call(&'static str),
    /// So many events of the run were shown.
    Event(usize),
}

/// When the service is killed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// As soon as it gets there. Of an answer: what came before may not be recorded yet, since asking overlaps the commit.
    Reached,
    /// When everything up to the boundary is recorded, while the turn stands still.
    Held,
    /// As soon as it goes on: anywhere behind the boundary.
    Released,
}

/// A service that was killed.
#[derive(Debug)]
struct Killed {
    boundary: Boundary,
    moment: Moment,
    /// The tools whose results it had shown: these are never called again.
    shown: Vec<String>,
}

impl Killed {
    /// Whether exactly this call was under way.
    fn interrupted(&self, name: &'static str) -> bool {
        self.boundary == Boundary::Call(name) && self.moment == Moment::Held
    }

    /// Whether this call was finished for sure.
    fn finished(&self, name: &str) -> bool {
        self.shown.iter().any(|shown| shown == name)
    }
}

fn boundaries() -> Vec<(Boundary, Moment)> {
    let asked = ANSWERS.map(|answer| (Boundary::Answer(answer, 0), Moment::Reached));
    let answers = ANSWERS.into_iter().flat_map(|answer| [Boundary::Answer(answer, 0), Boundary::Answer(answer, 1)]);
    let calls = ["look", "book", "note"].map(Boundary::Call);
    let held = answers.chain(calls).flat_map(|boundary| [(boundary, Moment::Held), (boundary, Moment::Released)]);
    asked.into_iter().chain(held).collect()
}

fn scenario(held: Option<Boundary>) -> Scenario {
    let boss = |when: When| When { system_contains: Some("You are the boss".to_owned()), ..when };
    let helper = |role| When {
        system_contains: Some("You are the helper".to_owned()),
        last_role: Some(role),
        ..When::default()
    };
    let said = |text: &str| When { last_user_contains: Some(text.to_owned()), ..When::default() };
    let user = |text: &str| When { last_role: Some(Role::User), ..boss(said(text)) };
    let told = |text: &str| boss(When { last_tool_contains: Some(text.to_owned()), ..When::default() });
    let pace = |answer: &str| match held {
        Some(Boundary::Answer(held, pieces)) if held == answer => Pace { hold_after: Some(pieces), ..Pace::default() },
        _ => Pace::default(),
    };
    let delegate = || Rule::call("helper", json!({"task": "Note what was booked"})).paced(pace("ask the helper"));
    let rules = [
        Rule::text("I remember it all.").when(user("Do you remember?")),
        Rule::call("look", json!({})).when(user("Plan the trip")).paced(pace("look")),
        Rule::call("book", json!({"seat": "17"})).when(told("look is done")).paced(pace("book")),
        delegate().when(told("book is done")),
        delegate().when(told("was interrupted")),
        Rule::call("note", json!({})).when(helper(Role::User)).paced(pace("note")),
        Rule::text("The helper has helped.").when(helper(Role::Tool)).paced(pace("help")),
        Rule::text("The trip is planned.").when(told("has helped")).paced(pace("done")),
    ];
    Scenario { unmatched: Unmatched::Fail, ..Scenario::of(rules) }
}

fn manifests(model: &ModelServer, ledger: &Ledger) -> String {
    let ledger = ledger.url();
    [
        manifest::model("scripted", model, "scripted", "retry: {maxAttempts: 1}"),
        manifest::http_tool("look", "GET", &ledger),
        manifest::http_tool("book", "POST", &ledger),
        manifest::http_tool("note", "POST", &ledger),
        manifest::agent(
            "boss",
            "You are the boss.",
            "{tool: {name: look}}, {tool: {name: book}}, {agent: {name: helper}}",
        ),
        manifest::agent("helper", "You are the helper.", "{tool: {name: note}}"),
    ]
    .concat()
}

/// Kills the service there, and looks at what the next one makes of it.
async fn survive(boundary: Boundary, moment: Moment) -> anyhow::Result<()> {
    let model = ModelServer::start(scenario(Some(boundary))).await?;
    let ledger = Ledger::start().await?;
    if let Boundary::Call(name) = boundary {
        ledger.hold(name);
    }
    let place = Place::with(&manifests(&model, &ledger))?;
    let service = place.serve().await?;
    let question = json!({"agent_id": "boss", "text": "Plan the trip", "session_id": "new"});
    let mut frames = service.stream("/v1/infer/stream", &question).await?;
    let session = frames.header("x-session-id").to_owned();
    let init = frames.next().await?.expect("a first frame");
    match boundary {
        Boundary::Answer(..) => within("an answer to be held", model.wait_for_held(1)).await?,
        Boundary::Call(name) => ledger.called(name).await?,
        Boundary::Event(_) => {}
    }
    let run = text(&init.data["run_id"]);
    let waits = moment != Moment::Reached || matches!(boundary, Boundary::Event(_));
    let shown = if waits { recorded(&service, run, boundary).await? } else { Vec::new() };
    if moment == Moment::Released {
        model.release(1);
        ledger.release();
    }
    service.kill().await?;
    drop(frames);
    model.set_scenario(scenario(None))?;
    ledger.release();
    let service = place.serve().await?;
    let killed = Killed { boundary, moment, shown };
    let checked = check(&service, &session, &model, &ledger, &killed).await;
    checked.inspect_err(|_| eprintln!("{killed:?}: the service wrote\n{}", service.log()))
}

/// Waits until the journal holds all that comes before the boundary, since an event is shown once it is recorded; gives the
/// tools whose results were shown.
async fn recorded(service: &Service, run: &str, boundary: Boundary) -> anyhow::Result<Vec<String>> {
    let mut events = service.follow(&format!("/v1/runs/{run}/events")).await?;
    let (mut steps, mut count, mut finished) = (ANSWERS.into_iter(), 0, Vec::new());
    while let Some(event) = events.next().await? {
        let (kind, name) = (text(&event.data["type"]), text(&event.data["name"]));
        if kind == "tool_finished" {
            finished.push(name.to_owned());
        }
        count += usize::from(kind != "delta");
        let step = (kind == "step_started").then(|| steps.next()).flatten();
        let reached = match boundary {
            Boundary::Answer(answer, _) => step == Some(answer),
            Boundary::Call(called) => kind == "tool_started" && name == called,
            Boundary::Event(shown) => count == shown,
        };
        if reached {
            return Ok(finished);
        }
    }
    anyhow::bail!("the run ended before {boundary:?}")
}

/// The turn finishes, and its calls were made as often as is promised.
async fn check(
    service: &Service,
    session: &str,
    model: &ModelServer,
    ledger: &Ledger,
    killed: &Killed,
) -> anyhow::Result<()> {
    let runs = service.get(&format!("/v1/runs?session={session}")).await?;
    let run = runs.body["runs"][0]["id"].as_str().unwrap_or_default().to_owned();
    let events = service.follow(&format!("/v1/runs/{run}/events")).await?.rest().await?;
    let last = &events.last().expect("events").data;
    assert_eq!((&last["type"], &last["status"]), (&json!("run_finished"), &json!("completed")), "{last}");

    let conversation = service.get(&format!("/v1/sessions/{session}")).await?;
    let turns = conversation.body["messages"].as_array().cloned().unwrap_or_default();
    let said: Vec<(&str, &str)> = turns
        .iter()
        .map(|turn| (text(&turn["role"]), text(&turn["content"])))
        .filter(|turn| turn.0 != "system")
        .collect();
    let booked = said.get(4).expect("seven more turns").1;
    let expected = [
        ("user", "Plan the trip"),
        ("assistant", ""),
        ("tool", "look is done"),
        ("assistant", ""),
        ("tool", booked),
        ("assistant", ""),
        ("tool", "The helper has helped."),
        ("assistant", "The trip is planned."),
    ];
    assert_eq!(said, expected, "{killed:?}");

    let noted = events.iter().rfind(|event| event.data["type"] == "tool_finished" && event.data["name"] == "note");
    let noted = text(&noted.expect("the helper's call").data["content"]);
    let looked = ledger.count("look");
    match (killed.interrupted("look"), killed.finished("look") || killed.moment == Moment::Held) {
        (true, _) => assert_eq!(looked, 2, "{killed:?}: an interrupted call that only reads is made again"),
        // Before the first call, it is made by the next service alone.
        (false, true) => assert_eq!(looked, 1, "{killed:?}: calls of look"),
        (false, false) => assert!((1..=2).contains(&looked), "{killed:?}: {looked} calls of look"),
    }
    for (name, result) in [("book", booked), ("note", noted)] {
        let count = ledger.count(name);
        if result == format!("{name} is done") {
            assert_eq!(count, 1, "{killed:?}: calls of {name}");
            assert!(!killed.interrupted(name), "{killed:?}: {name} was interrupted, and nothing says so");
        } else {
            assert!(result.contains("interrupted") && result.contains("unknown"), "{killed:?}: {name}: {result}");
            assert!(count <= 1, "{killed:?}: {name} was made {count} times");
            assert!(!killed.finished(name), "{killed:?}: {name} was finished");
            assert!(
                killed.interrupted(name) || killed.moment != Moment::Held,
                "{killed:?}: {name} was not interrupted"
            );
        }
    }
    remembers(service, session, model, &said).await
}

/// The next turn works, and the model is told all of the one before.
async fn remembers(service: &Service, session: &str, model: &ModelServer, said: &[(&str, &str)]) -> anyhow::Result<()> {
    let question = json!({"agent_id": "boss", "text": "Do you remember?", "session_id": session});
    let answer = service.post("/v1/infer", &question).await?;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.body["messages"][0]["content"], "I remember it all.", "{}", answer.body);
    let request = model.requests().pop().expect("a request").json();
    let told = request["messages"].as_array().expect("messages");
    let told: Vec<(&str, &str)> = told.iter().map(|turn| (text(&turn["role"]), text(&turn["content"]))).collect();
    assert_eq!(told[1..=said.len()], *said);
    Ok(())
}

async fn survive_all(cases: Vec<(Boundary, Moment)>) {
    let cases = stream::iter(cases).map(|(boundary, moment)| async move {
        survive(boundary, moment).await.unwrap_or_else(|error| panic!("{boundary:?} {moment:?}: {error:#}"));
    });
    cases.buffer_unordered(AT_ONCE).collect::<()>().await;
}

#[tokio::test]
async fn a_turn_survives_a_kill_at_each_of_its_boundaries() {
    survive_all(boundaries()).await;
}

#[tokio::test]
async fn a_turn_survives_a_kill_after_each_of_its_events() {
    let model = ModelServer::start(scenario(None)).await.unwrap();
    let ledger = Ledger::start().await.unwrap();
    let place = Place::with(&manifests(&model, &ledger)).unwrap();
    let service = place.serve().await.unwrap();
    let question = json!({"agent_id": "boss", "text": "Plan the trip", "session_id": "new"});
    let answer = service.post("/v1/infer", &question).await.unwrap();
    let run = text(&answer.body["run_id"]);
    let events = service.follow(&format!("/v1/runs/{run}/events")).await.unwrap().rest().await.unwrap();
    let events = events.iter().filter(|event| event.data["type"] != "delta").count();
    assert!(events > 20, "{events} events");
    survive_all((1..=events).map(|event| (Boundary::Event(event), Moment::Reached)).collect()).await;
}
