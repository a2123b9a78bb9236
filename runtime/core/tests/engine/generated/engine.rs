//! Drives the real engine through a generated story: answers, results, people, deaths; and compares what was streamed
//! with what is in the journal.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;
use troupe_core::engine::{Command, Engine, EngineOptions, StartRequest};
use troupe_core::event::{AttemptFailure, Event, Recorded};
use troupe_core::id::RunId;
use troupe_core::model::{FinishReason, ModelError, ModelEvent, ModelRequest, ToolCallDelta, Usage};
use troupe_core::port::RunState;
use troupe_core::run::{CallState, Effect, Tree, outstanding};
use troupe_core::stream::{Item, Subscription, replay};
use troupe_core::tool::ToolResult;

use super::agents::Company;
use super::moves::{Answer, Manner, answer};
use crate::drain;
use crate::memory::Death;
use crate::world::{PATIENCE, World, failure, in_session, request};

/// What happens around a run.
#[derive(Clone, Debug)]
pub(crate) struct Story {
    /// What models say, in the order in which they are asked; afterwards they answer at once.
    answers: Vec<Answer>,
    /// What tools give, in the order in which they are called; afterwards they succeed.
    results: Vec<Manner>,
    /// What people say, in the order in which they are asked; afterwards they agree.
    people: Vec<Manner>,
    /// Lives end this many commits on: before that commit is done, or after.
    deaths: Vec<(usize, bool)>,
    /// It is cancelled when so many events were seen.
    cancel: Option<usize>,
    form: Form,
    /// How long it takes to read the clock, in microseconds.
    pace: i64,
}

#[derive(Clone, Copy, Debug)]
enum Form {
    Stateless,
    Durable,
    Session,
}

pub(crate) fn story() -> impl Strategy<Value = Story> {
    let manner = || answer().prop_map(|answer| answer.manner);
    let form = prop_oneof![1 => Just(Form::Stateless), 1 => Just(Form::Durable), 2 => Just(Form::Session)];
    (
        vec(answer(), 0..=10),
        vec(manner(), 0..=6),
        vec(manner(), 0..=4),
        vec((1..=5_usize, any::<bool>()), 0..=4),
        option::weighted(0.2, 0..=20_usize),
        form,
        prop_oneof![Just(7), Just(500)],
    )
        .prop_map(|(answers, results, people, deaths, cancel, form, pace)| Story {
            answers,
            results,
            people,
            deaths,
            cancel,
            form,
            pace,
        })
}

/// Lets a company live through a story, life by life.
pub(crate) fn live(company: &Company, story: &Story) {
    let answers = Mutex::new(VecDeque::from(story.answers.clone()));
    let script = move |request: &ModelRequest| {
        let next = answers.lock().unwrap().pop_front();
        said(request, &next.unwrap_or_else(|| Answer::plain(Manner::Good)))
    };
    let mut world = World::new(script);
    world.pace = story.pace;
    world.results.lock().unwrap().extend(story.results.iter().map(|manner| result(*manner)));
    let mut people = VecDeque::from(story.people.clone());
    let mut seen = Vec::new();
    for (commits, after) in &story.deaths {
        let at = world.disk.lock().unwrap().commits + commits;
        let death = if *after { Death::After(at) } else { Death::Before(at) };
        if life(&world, company, story, death, &mut people, &mut seen) {
            return;
        }
    }
    assert!(life(&world, company, story, Death::Never, &mut people, &mut seen), "nobody dies in the last life");
}

/// One process; whether the run was over before it died. `seen` takes what its reader saw.
fn life(
    world: &World,
    company: &Company,
    story: &Story,
    death: Death,
    people: &mut VecDeque<Manner>,
    seen: &mut Vec<Item>,
) -> bool {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let ended = runtime.block_on(async {
        let (engine, died) = world.engine(death, EngineOptions { max_model_bytes: 300, ..EngineOptions::default() });
        let begun = seen.len();
        let work = async {
            let (run, mut reader) = begin(world, &engine, company, story).await;
            let mut life = Life { world, engine: &engine, run, story, people };
            life.read(&mut reader, seen).await;
            check(&engine, world, run, seen, begun).await;
        };
        tokio::select! {
            () = work => true,
            () = died.notified() => false,
            () = tokio::time::sleep(PATIENCE) => panic!("the run hangs"),
        }
    });
    runtime.shutdown_background();
    ended
}

async fn begin(world: &World, engine: &Engine, company: &Company, story: &Story) -> (RunId, Subscription) {
    let known = world.disk.lock().unwrap().runs.keys().next().copied();
    let Some(run) = known else {
        let started = engine.start(start(company, story.form)).await.unwrap();
        return (started.run, started.subscription);
    };
    for row in world.disk.lock().unwrap().runs.values_mut() {
        row.expired = true;
    }
    engine.recover().await.unwrap();
    (run, engine.subscribe(run, None).await.unwrap().unwrap())
}

fn start(company: &Company, form: Form) -> StartRequest {
    let snapshot = company.pinned();
    let agent = snapshot.snapshot.agent().unwrap();
    let limits = agent.limits.clone();
    let plain = StartRequest { limits, ..request(vec![agent.as_ref().clone()], "go") };
    let plain = StartRequest { snapshot, ..plain };
    match form {
        Form::Stateless => StartRequest { durable: false, ..plain },
        Form::Durable => plain,
        Form::Session => in_session(plain, "s", true),
    }
}

/// What is around a run while its process lives.
struct Life<'a> {
    world: &'a World,
    engine: &'a Engine,
    run: RunId,
    story: &'a Story,
    people: &'a mut VecDeque<Manner>,
}

impl Life<'_> {
    /// Reads until the run is over; says what people and callers say while it waits for them.
    async fn read(&mut self, reader: &mut Subscription, seen: &mut Vec<Item>) {
        let mut cancel = self.story.cancel;
        loop {
            while let Some(item) = reader.ready() {
                seen.push(item);
            }
            if reader.is_over() {
                return;
            }
            if cancel.is_some_and(|at| seen.len() > at) {
                cancel = None;
                let command = Command::Cancel { by: "someone".to_owned(), forced: false };
                // It may be over by now.
                let _ = self.engine.command(self.run, command).await;
            }
            if self.row().is_some_and(|(state, _)| state == RunState::Waiting) {
                self.answer().await;
            }
            tokio::task::yield_now().await;
        }
    }

    fn row(&self) -> Option<(RunState, Vec<Recorded>)> {
        let disk = self.world.disk.lock().unwrap();
        disk.runs.get(&self.run).map(|row| (row.state, row.events.clone()))
    }

    async fn answer(&mut self) {
        let Some((_, events)) = self.row() else { return };
        let tree = fold(self.world, self.run, &events);
        let awaited = outstanding(&tree).into_iter().find_map(|effect| match effect {
            Effect::Await { run, call } => Some((run, call)),
            _ => None,
        });
        let Some((run, call)) = awaited else { return };
        let manner = self.people.pop_front().unwrap_or(Manner::Good);
        if matches!(manner, Manner::Broken | Manner::Torn) {
            // Nobody says anything for longer than any generated patience.
            self.world.skip(6_000_000);
            self.engine.recover().await.unwrap();
            return;
        }
        let command = match tree.runs[&run].call(call).unwrap().state {
            CallState::Asked { .. } => Command::Decide {
                call,
                approved: manner != Manner::Bad,
                arguments: (manner == Manner::Rich).then(|| json!({"task": "another"}).to_string()),
                by: "someone".to_owned(),
            },
            _ => Command::Input { call, result: result(manner) },
        };
        self.engine.command(self.run, command).await.unwrap();
    }
}

fn fold(world: &World, run: RunId, events: &[Recorded]) -> Tree {
    let disk = world.disk.lock().unwrap();
    let known = disk.snapshots.values().map(|pinned| (pinned.hash.clone(), Arc::clone(&pinned.snapshot)));
    Tree::replay(run, known, events)
}

/// What the last reader saw is what is in the journal, from every cut; and whoever read before was told nothing else,
/// but for the words of steps that were lost.
async fn check(engine: &Engine, world: &World, run: RunId, seen: &[Item], begun: usize) {
    let (before, live) = seen.split_at(begun);
    let told: Vec<Recorded> = live.iter().filter_map(event).collect();
    assert_eq!(live, replay(&told), "a live stream equals its own events, replayed");
    let row = world.disk.lock().unwrap().runs.get(&run).cloned();
    let Some(row) = row else { return };
    assert_eq!(told, row.events, "what was told is what was kept");
    assert!(row.state.is_terminal() && fold(world, run, &row.events).outcome().is_some());
    for cut in (0..live.len()).step_by(5) {
        let after = live[..cut].last().map(Item::id);
        let mut again = engine.subscribe(run, after).await.unwrap().unwrap();
        assert_eq!(drain(&mut again).await, live[cut..], "from the cut at {cut}");
    }
    let lost: HashSet<(RunId, u32)> = told.iter().filter_map(lost).collect();
    for item in before.iter().filter(|item| item_of(item, run)) {
        let forgotten = matches!(item, Item::Delta(delta) if lost.contains(&(delta.run, delta.step)));
        assert!(forgotten || live.contains(item), "a life told what no other knows: {item:?}");
    }
}

/// A stateless run that died with its process left nothing; another one was begun instead.
fn item_of(item: &Item, root: RunId) -> bool {
    item.run() == root
}

fn event(item: &Item) -> Option<Recorded> {
    match item {
        Item::Event(recorded) => Some(Recorded::clone(recorded)),
        Item::Delta(_) => None,
    }
}

fn lost(recorded: &Recorded) -> Option<(RunId, u32)> {
    match &recorded.event {
        Event::AttemptFailed { step, reason: AttemptFailure::Lost, .. } => Some((recorded.run, *step)),
        _ => None,
    }
}

fn result(manner: Manner) -> ToolResult {
    match manner {
        Manner::Good => ToolResult::text("done"),
        Manner::Rich => ToolResult::text("ä".repeat(400)),
        _ => ToolResult::error("it did not work"),
    }
}

/// A model's answer as its provider streams it.
fn said(request: &ModelRequest, answer: &Answer) -> Vec<Result<ModelEvent, ModelError>> {
    match answer.manner {
        Manner::Busy => return vec![Err(failure("429", true))],
        Manner::Broken => return vec![Err(failure("400", false))],
        _ => {}
    }
    let mut events = Vec::new();
    if answer.manner == Manner::Rich {
        events.push(Ok(ModelEvent::Thinking("hm, grün".to_owned())));
        events.push(Ok(ModelEvent::ThinkingSignature("signed".to_owned())));
    }
    let fits = answer.manner != Manner::Bad;
    for piece in if request.output_schema.is_some() && fits { ["{\"n\":", "1}"] } else { ["gr", "ün"] } {
        events.push(Ok(ModelEvent::Content(piece.to_owned())));
    }
    for index in 0..answer.calls.len() {
        events.extend(asked(request, answer, index));
    }
    if answer.manner == Manner::Torn {
        // One provider says why it breaks off, another just does.
        events.extend(answer.tokens.is_multiple_of(2).then(|| Err(failure("CONNECTION_ERROR", true))));
        return events;
    }
    let usage = Usage { output_tokens: answer.tokens, ..Usage::default() };
    events.push(Ok(ModelEvent::Usage(usage)));
    let finish = if answer.calls.is_empty() { FinishReason::Stop } else { FinishReason::ToolCalls };
    events.push(Ok(ModelEvent::Finished(finish)));
    events
}

fn asked(request: &ModelRequest, answer: &Answer, index: usize) -> Vec<Result<ModelEvent, ModelError>> {
    let wish = answer.calls[index];
    let names: Vec<_> = request.tools.iter().map(|tool| tool.name.clone()).collect();
    let name = names.get(wish.tool).cloned().unwrap_or_else(|| "nothing".to_owned());
    let tools = names.iter().take(2).collect::<Vec<_>>();
    let arguments = json!({"task": "go", "model_id": "small", "tool_names": tools}).to_string();
    let arguments = if wish.garbled { "{\"task\":" } else { &arguments };
    let (first, second) = arguments.split_at(arguments.len() / 2);
    let piece = |name: Option<String>, arguments: &str| {
        let id = name.is_some().then(|| format!("call-{index}"));
        Ok(ModelEvent::ToolCall(ToolCallDelta { index, id, name, arguments: arguments.to_owned() }))
    };
    vec![piece(Some(name), first), piece(None, second)]
}
