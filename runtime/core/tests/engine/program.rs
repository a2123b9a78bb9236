//! The agent's program: rounds, limits, retries, fallbacks, approvals, sub-agents, skills, structured output.

use serde_json::json;
use troupe_core::agent::{AgentSnapshot, Limits};
use troupe_core::engine::{Command, CommandError, StartRequest};
use troupe_core::event::{Event, Limit, Outcome, Recorded};
use troupe_core::id::CallId;
use troupe_core::message::Role;
use troupe_core::model::ModelEvent;
use troupe_core::stream::{Item, Piece};
use troupe_core::tool::{Approval, SkillTool, ToolKind, ToolResult, ToolSnapshot, builtin};

use crate::world::{World, agent, ask, failure, in_session, request, results, say, tool, with_schema};
use crate::{drain, finish, outcome};

fn answer(events: &[Recorded]) -> String {
    let root = events[0].run;
    let texts = events.iter().filter(|recorded| recorded.run == root).filter_map(|recorded| match &recorded.event {
        Event::MessageFinished(finished) => Some(finished.content.clone()),
        _ => None,
    });
    texts.collect()
}

fn tool_results(events: &[Recorded]) -> Vec<ToolResult> {
    events
        .iter()
        .filter_map(|recorded| match &recorded.event {
            Event::ToolCallFinished { result, .. } | Event::ChildFinished { result, .. } => Some(result.clone()),
            _ => None,
        })
        .collect()
}

fn stateless(request: StartRequest) -> StartRequest {
    StartRequest { durable: false, ..request }
}

fn limited(agent: AgentSnapshot, limits: Limits) -> AgentSnapshot {
    AgentSnapshot { limits, ..agent }
}

#[tokio::test]
async fn a_stateless_run_writes_nothing() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("read", json!({}))]),
        _ => say("done"),
    });
    let started = world.calm().start(stateless(request(vec![agent("a", vec![tool("read")])], "hi"))).await.unwrap();
    let (events, outcome) = finish(started).await;
    assert_eq!(answer(&events), "done");
    assert!(matches!(outcome, Outcome::Completed { limit: None, note: None, output: None }));
    assert_eq!(world.disk.lock().unwrap().commits, 0);
}

#[tokio::test]
async fn rounds_end_at_their_limit_and_every_pending_call_is_told() {
    let world = World::new(|_| ask(&[("read", json!({})), ("write", json!({}))]));
    let limits = Limits { max_tool_rounds: 2, ..Limits::default() };
    let agent = limited(agent("a", vec![tool("read"), tool("write")]), limits);
    let (events, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::ToolRounds), .. }));
    let results = tool_results(&events);
    assert_eq!(results.len(), 6);
    assert_eq!(results[4].content, "Error: maximum tool-call rounds (2) reached. Tool 'read' was not executed.");
    assert_eq!(results[5].content, "Error: maximum tool-call rounds (2) reached. Tool 'write' was not executed.");
    assert_eq!((world.ran("read"), world.ran("write")), (2, 2));
}

#[tokio::test]
async fn tokens_calls_and_money_end_a_run_with_an_answer_that_says_so() {
    let cases = [
        (Limits { max_tokens: Some(30), ..Limits::default() }, Limit::Tokens),
        (Limits { max_tool_calls: Some(1), ..Limits::default() }, Limit::ToolCalls),
    ];
    for (limits, expected) in cases {
        let world = World::new(|_| ask(&[("read", json!({}))]));
        let agent = limited(agent("a", vec![tool("read")]), limits);
        let (_, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
        let Outcome::Completed { limit: Some(limit), note: Some(note), .. } = outcome else { panic!("{outcome:?}") };
        assert_eq!(limit, expected);
        assert!(note.starts_with("Stopped: the limit of "), "{note}");
    }
}

#[tokio::test]
async fn a_failing_model_is_asked_again_then_its_fallback() {
    let world = World::new(|request| match request.model.name.as_str() {
        "large" => vec![Err(failure("500", true))],
        _ => say("from the spare one"),
    });
    let (events, outcome) = finish(world.calm().start(request(vec![agent("a", vec![])], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert_eq!(answer(&events), "from the spare one");
    let asked: Vec<_> = world.asked.lock().unwrap().iter().map(|request| request.model.name.clone()).collect();
    assert_eq!(asked, ["large", "large", "large", "spare"]);
}

#[tokio::test]
async fn an_answer_that_breaks_off_fails_and_keeps_what_was_said() {
    let world =
        World::new(|_| vec![Ok(ModelEvent::Content("half".to_owned())), Err(failure("CONNECTION_ERROR", true))]);
    let start = in_session(request(vec![agent("a", vec![])], "hi"), "s", true);
    let (_, outcome) = finish(world.calm().start(start).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "CONNECTION_ERROR"));
    assert_eq!(world.asked.lock().unwrap().len(), 1, "after the first token it is not asked again");
    let turns: Vec<_> = world.disk.lock().unwrap().sessions["s"].iter().map(|turn| turn.content.clone()).collect();
    assert_eq!(turns, ["hi", "half", "Error: model failed with CONNECTION_ERROR"]);
}

#[tokio::test]
async fn an_unknown_tool_is_an_error_result_that_names_the_known_ones() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("raed", json!({}))]),
        _ => say("sorry"),
    });
    let (events, _) =
        finish(world.calm().start(request(vec![agent("a", vec![tool("read")])], "hi")).await.unwrap()).await;
    assert_eq!(tool_results(&events)[0].content, "Error: unknown tool 'raed'; available: read");
}

#[tokio::test]
async fn parallel_calls_keep_their_bound_and_results_their_order() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("slow", json!({"n": 1})), ("slow", json!({"n": 2})), ("read", json!({"n": 3}))]),
        _ => say("done"),
    });
    let limits = Limits { parallel_tool_calls: 2, ..Limits::default() };
    let agent = limited(agent("a", vec![tool("slow"), tool("read")]), limits);
    let mut started = world.calm().start(request(vec![agent], "hi")).await.unwrap();
    let mut begun = 0;
    while begun < 2 {
        let item = started.subscription.next().await.unwrap();
        begun += usize::from(
            matches!(&item, Item::Event(recorded) if matches!(recorded.event, Event::ToolCallStarted { .. })),
        );
    }
    tokio::task::yield_now().await;
    assert_eq!(world.ran("read"), 0, "the third waits for a free place");
    world.gate.notify_one();
    world.gate.notify_one();
    drain(&mut started.subscription).await;
    let last = world.asked.lock().unwrap().last().unwrap().messages.clone();
    let order: Vec<_> =
        last.iter().filter(|message| message.role == Role::Tool).map(|message| message.name.clone().unwrap()).collect();
    assert_eq!(order, ["slow", "slow", "read"]);
}

#[tokio::test]
async fn cancelling_stops_a_call_and_ends_the_run() {
    let world = World::new(|_| ask(&[("slow", json!({}))]));
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![tool("slow")])], "hi"), "s", true)).await.unwrap();
    loop {
        let item = started.subscription.next().await.unwrap();
        if matches!(&item, Item::Event(recorded) if matches!(recorded.event, Event::ToolCallStarted { .. })) {
            break;
        }
    }
    engine.command(started.run, Command::Cancel { by: "a person".to_owned(), forced: false }).await.unwrap();
    let (events, outcome) = finish(started).await;
    assert!(matches!(outcome, Outcome::Cancelled { by } if by == "a person"));
    assert!(tool_results(&events).is_empty() || tool_results(&events)[0].is_error);
    let run = events.last().unwrap().run;
    engine.command(run, Command::Cancel { by: "again".to_owned(), forced: false }).await.unwrap();
}

fn approved(name: &str) -> ToolSnapshot {
    ToolSnapshot { approval: Approval::Always, ..tool(name) }
}

async fn asked_for(started: &mut troupe_core::engine::Started) -> CallId {
    loop {
        if let Item::Event(recorded) = started.subscription.next().await.unwrap()
            && let Event::ApprovalRequested { call, .. } = &recorded.event
        {
            return *call;
        }
    }
}

#[tokio::test]
async fn a_call_waits_for_approval_and_takes_edited_arguments() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({"path": "a"}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    let run = started.run;
    let call = asked_for(&mut started).await;
    // A person takes a while: a second engine is a process that was started in between.
    let arguments = Some(json!({"path": "b"}).to_string());
    engine.command(run, Command::Decide { call, approved: true, arguments, by: "me".to_owned() }).await.unwrap();
    let (_, outcome) = finish(started).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert!(world.ran.lock().unwrap().keys().any(|call| call.ends_with(r#"{"path":"b"}"#)));
    let again = engine.command(run, Command::Decide { call, approved: true, arguments: None, by: String::new() }).await;
    assert!(matches!(again, Err(CommandError::Conflict(_))));
}

#[tokio::test]
async fn a_waiting_run_is_answered_in_another_process() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let first = world.calm();
    let mut started =
        first.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    let call = asked_for(&mut started).await;
    while world.disk.lock().unwrap().runs[&started.run].state != troupe_core::port::RunState::Waiting {
        tokio::task::yield_now().await;
    }
    let second = world.calm();
    second.recover().await.unwrap();
    assert_eq!(second.active("s"), Some(started.run), "its session is busy");
    let mut reader = second.subscribe(started.run, None).await.unwrap().unwrap();
    second
        .command(started.run, Command::Decide { call, approved: false, arguments: None, by: "me".to_owned() })
        .await
        .unwrap();
    drain(&mut reader).await;
    assert_eq!(world.ran("write"), 0);
    let turns = world.disk.lock().unwrap().sessions["s"].clone();
    assert_eq!(turns[2].content, "Error: the call of 'write' was refused (me)");
}

#[tokio::test]
async fn nobody_answers_for_seven_days() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started =
        engine.start(in_session(request(vec![agent("a", vec![approved("write")])], "hi"), "s", true)).await.unwrap();
    asked_for(&mut started).await;
    while world.disk.lock().unwrap().runs[&started.run].state != troupe_core::port::RunState::Waiting {
        tokio::task::yield_now().await;
    }
    world.skip(8 * 24 * 3_600 * 1_000_000);
    engine.recover().await.unwrap();
    let (events, _) = finish(started).await;
    assert_eq!(tool_results(&events)[0].content, "Error: the call of 'write' was refused (nobody answered in time)");
}

#[tokio::test]
async fn a_stateless_call_cannot_wait_for_a_person() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("write", json!({}))]),
        _ => say("done"),
    });
    let (events, _) =
        finish(world.calm().start(stateless(request(vec![agent("a", vec![approved("write")])], "hi"))).await.unwrap())
            .await;
    assert!(tool_results(&events)[0].content.contains("use a session"));
}

#[tokio::test]
async fn a_callers_own_tool_is_handed_back_and_the_run_waits_in_the_journal() {
    let own = ToolSnapshot { kind: ToolKind::Client, ..tool("mine") };
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("mine", json!({})), ("read", json!({}))]),
        _ => say("done"),
    });
    let engine = world.calm();
    let mut started = engine.start(stateless(request(vec![agent("a", vec![own, tool("read")])], "hi"))).await.unwrap();
    let run = started.run;
    while !world.disk.lock().unwrap().runs.contains_key(&run) {
        tokio::task::yield_now().await;
    }
    assert_eq!(world.ran("read"), 1, "ours ran at once");
    let call = CallId::derive(run, 1, 0);
    engine.command(run, Command::Input { call, result: ToolResult::text("yours") }).await.unwrap();
    drain(&mut started.subscription).await;
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["yours", "read done"]);
}

#[tokio::test]
async fn a_caller_that_gives_no_result_in_seven_days_is_not_waited_for() {
    for durable in [false, true] {
        let own = ToolSnapshot { kind: ToolKind::Client, ..tool("mine") };
        let world = World::new(|request| match results(&request.messages).len() {
            0 => ask(&[("mine", json!({}))]),
            _ => say("done"),
        });
        let engine = world.calm();
        let start = StartRequest { durable, ..request(vec![agent("a", vec![own])], "hi") };
        let mut started = engine.start(start).await.unwrap();
        let waits = || world.disk.lock().unwrap().runs.get(&started.run).map(|row| row.state);
        while waits() != Some(troupe_core::port::RunState::Waiting) {
            tokio::task::yield_now().await;
        }
        world.skip(6 * 24 * 3_600 * 1_000_000);
        engine.recover().await.unwrap();
        assert_eq!(waits(), Some(troupe_core::port::RunState::Waiting), "six days are not too long");
        world.skip(2 * 24 * 3_600 * 1_000_000);
        engine.recover().await.unwrap();
        drain(&mut started.subscription).await;
        let told = results(&world.asked.lock().unwrap().last().unwrap().messages);
        assert_eq!(told, ["Error: the caller gave no result of 'mine' in time"]);
    }
}

/// An agent `a` that asks an agent `helper` with these limits, which calls the tool `slow` for ever.
fn with_helper(limits: Limits, called: ToolSnapshot) -> StartRequest {
    let ask_helper = ToolSnapshot { kind: ToolKind::Agent { agent: "helper".to_owned() }, ..tool("ask_helper") };
    let helper = limited(agent("helper", vec![called]), limits);
    request(vec![agent("a", vec![ask_helper]), helper], "hi")
}

fn helped(request: &troupe_core::model::ModelRequest) -> Vec<Result<ModelEvent, troupe_core::model::ModelError>> {
    if request.messages[0].content == "You are helper." {
        return ask(&[("slow", json!({}))]);
    }
    match results(&request.messages).len() {
        0 => ask(&[("ask_helper", json!({"task": "how many?"}))]),
        _ => say("it does not know"),
    }
}

#[tokio::test]
async fn a_sub_agent_ends_at_its_own_time_and_the_run_goes_on() {
    let world = World::new(helped);
    let limits = Limits { timeout_ms: Some(20), ..Limits::default() };
    let start = with_helper(limits, tool("slow"));
    let mut started = world.calm().start(start).await.unwrap();
    while world.ran("slow") == 0 {
        started.subscription.next().await.unwrap();
    }
    world.skip(20_000);
    drain(&mut started.subscription).await;
    let root = started.run;
    let events = world.disk.lock().unwrap().runs[&root].events.clone();
    let outcome = outcome(&events).unwrap();
    assert!(matches!(outcome, Outcome::Completed { limit: None, .. }), "the root has no limit: {outcome:?}");
    let late: Vec<_> = events.iter().filter(|recorded| recorded.event == Event::DeadlineReached).collect();
    assert!(late.len() == 1 && late[0].run != root);
    let told = results(&world.asked.lock().unwrap().last().unwrap().messages);
    assert_eq!(told, ["Stopped: the time limit of 20 ms was reached. Send another message to continue."]);
}

#[tokio::test]
async fn a_sub_agent_that_waits_for_a_person_has_all_its_time() {
    let world = World::new(|request| match results(&request.messages).as_slice() {
        [.., last] if last.contains("slow done") => say("it was agreed to"),
        _ => helped(request),
    });
    world.gate.notify_one();
    let limits = Limits { timeout_ms: Some(20), ..Limits::default() };
    let start = in_session(with_helper(limits, approved("slow")), "s", true);
    let engine = world.calm();
    let mut started = engine.start(start).await.unwrap();
    let call = asked_for(&mut started).await;
    world.skip(3_600 * 1_000_000);
    let run = started.run;
    engine.command(run, Command::Decide { call, approved: true, arguments: None, by: "me".to_owned() }).await.unwrap();
    drain(&mut started.subscription).await;
    let events = world.disk.lock().unwrap().runs[&run].events.clone();
    assert!(matches!(outcome(&events), Some(Outcome::Completed { limit: None, .. })));
    assert!(events.iter().all(|recorded| recorded.event != Event::DeadlineReached));
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["it was agreed to"]);
}

#[tokio::test]
async fn a_sub_agent_spends_what_the_runs_above_it_have() {
    let world = World::new(helped);
    world.results.lock().unwrap().extend((0..9).map(|_| ToolResult::text("more")));
    let start = with_helper(Limits::default(), tool("slow"));
    let limits = Limits { max_tokens: Some(60), ..Limits::default() };
    let (events, outcome) = finish(world.calm().start(StartRequest { limits, ..start }).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::Tokens), .. }));
    // Of 28 tokens each: the root's step, the sub-agent's two, and then nobody is asked any more.
    assert_eq!(world.asked.lock().unwrap().len(), 3);
    let told = tool_results(&events).pop().unwrap();
    assert!(told.content.contains("the limit of 60 tokens was reached"), "{}", told.content);
}

#[tokio::test]
async fn a_skill_that_cannot_be_opened_is_not_tried_for_ever() {
    let skill = SkillTool {
        name: "pdf".to_owned(),
        body: None,
        directory: None,
        files: std::collections::BTreeMap::default(),
        steps: Vec::new(),
    };
    let skill = ToolSnapshot { kind: ToolKind::Skill(skill), ..tool("pdf") };
    let world = World::new(|_| ask(&[("pdf", json!({}))]));
    world.results.lock().unwrap().extend((0..99).map(|_| ToolResult::error("its folder is gone")));
    let limits = Limits { max_tool_rounds: 2, ..Limits::default() };
    let start = request(vec![limited(agent("a", vec![skill]), limits)], "hi");
    let (_, outcome) = finish(world.calm().start(start).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: Some(Limit::ToolRounds), .. }));
    assert_eq!(world.ran("pdf"), 3);
}

#[tokio::test]
async fn an_agent_is_a_tool_of_another_and_its_words_are_streamed() {
    let called = ToolSnapshot { kind: ToolKind::Agent { agent: "helper".to_owned() }, ..tool("ask_helper") };
    let world = World::new(|request| {
        if request.messages[0].content == "You are helper." {
            return say("forty-two");
        }
        match results(&request.messages).len() {
            0 => ask(&[("ask_helper", json!({"task": "how many?"}))]),
            _ => say("it is forty-two"),
        }
    });
    let mut started =
        world.calm().start(request(vec![agent("a", vec![called]), agent("helper", vec![])], "hi")).await.unwrap();
    let root = started.run;
    let items = drain(&mut started.subscription).await;
    let streamed: String = items
        .iter()
        .filter_map(|item| match item {
            Item::Delta(delta) if delta.run != root => match &delta.piece {
                Piece::Content(text) => Some(text.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    assert_eq!(streamed, "forty-two");
    assert_eq!(results(&world.asked.lock().unwrap().last().unwrap().messages), ["forty-two"]);
}

#[tokio::test]
async fn sub_agents_nest_only_so_deep() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("delegate", json!({"model_id": "small", "tool_names": "delegate", "task": "deeper"}))]),
        _ => say(&results(&request.messages)[0]),
    });
    let (events, outcome) =
        finish(world.calm().start(request(vec![agent("a", vec![builtin::delegate()])], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { .. }));
    assert!(answer(&events).contains("sub-agents may nest 3 deep"), "{}", answer(&events));
}

#[tokio::test]
async fn a_delegate_of_an_unknown_model_or_tool_is_an_error_result() {
    for (arguments, said) in [
        (
            json!({"model_id": "none", "tool_names": [], "task": "x"}),
            "Error: delegate failed: there is no model \"none\"",
        ),
        (
            json!({"model_id": "small", "tool_names": ["x"], "task": "x"}),
            "Error: delegate failed: unknown tool 'x'; available: delegate",
        ),
        (
            json!({"model_id": "small", "tool_names": []}),
            "Error: delegate failed: the argument \"task\" is missing: say what the sub-agent shall do",
        ),
    ] {
        let world = World::new(move |request| match results(&request.messages).len() {
            0 => ask(&[("delegate", arguments.clone())]),
            _ => say("ok"),
        });
        let (events, _) =
            finish(world.calm().start(request(vec![agent("a", vec![builtin::delegate()])], "hi")).await.unwrap()).await;
        assert_eq!(tool_results(&events)[0].content, said);
    }
}

#[tokio::test]
async fn a_skill_is_opened_without_a_round_and_brings_bash_and_fetch() {
    let skill = SkillTool {
        name: "pdf".to_owned(),
        body: None,
        directory: Some("/skills/pdf".to_owned()),
        files: std::collections::BTreeMap::default(),
        steps: Vec::new(),
    };
    let skill = ToolSnapshot { kind: ToolKind::Skill(skill), ..tool("pdf") };
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("pdf", json!({})), ("read", json!({}))]),
        1 => ask(&[("bash", json!({"command": "ls"}))]),
        _ => say("done"),
    });
    let limits = Limits { max_tool_rounds: 1, ..Limits::default() };
    let agent = limited(agent("a", vec![skill, tool("read")]), limits);
    let (_, outcome) = finish(world.calm().start(request(vec![agent], "hi")).await.unwrap()).await;
    assert!(matches!(outcome, Outcome::Completed { limit: None, .. }), "opening a skill is no round");
    assert_eq!((world.ran("read"), world.ran("bash")), (0, 1), "what was asked for beside the skill is dropped");
    let asked = world.asked.lock().unwrap();
    let names: Vec<_> = asked[1].tools.iter().map(|tool| tool.name.as_str()).collect();
    assert_eq!(names, ["read", "bash", "fetch"], "the skill itself is gone");
}

#[tokio::test]
async fn a_structured_answer_is_repaired_and_shown_only_when_valid() {
    let schema = json!({"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}});
    let world = World::new(|request| {
        if request.messages.iter().any(|message| message.content.contains("does not satisfy")) {
            say("```json\n{\"n\": 3}\n```")
        } else {
            say("{\"n\": \"three\"}")
        }
    });
    let mut started =
        world.calm().start(request(vec![with_schema(agent("a", vec![]), schema, 1)], "hi")).await.unwrap();
    let items = drain(&mut started.subscription).await;
    let shown: String = items
        .iter()
        .filter_map(|item| match item {
            Item::Delta(delta) => match &delta.piece {
                Piece::Content(text) => Some(text.as_str()),
                _ => None,
            },
            Item::Event(_) => None,
        })
        .collect();
    assert_eq!(shown, "```json\n{\"n\": 3}\n```");
    let outcome = items.iter().rev().find_map(|item| match item {
        Item::Event(recorded) => match &recorded.event {
            Event::RunFinished { outcome } => Some(outcome.clone()),
            _ => None,
        },
        Item::Delta(_) => None,
    });
    assert!(matches!(outcome, Some(Outcome::Completed { output: Some(value), .. }) if value == json!({"n": 3})));
}

#[tokio::test]
async fn an_answer_that_cannot_be_repaired_fails() {
    let schema = json!({"type": "object", "required": ["n"]});
    let world = World::new(|_| say("no"));
    let (_, outcome) =
        finish(world.calm().start(request(vec![with_schema(agent("a", vec![]), schema, 2)], "hi")).await.unwrap())
            .await;
    assert!(matches!(outcome, Outcome::Failed { code, .. } if code == "OUTPUT_INVALID"));
    assert_eq!(world.asked.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn a_large_result_is_cut_for_the_model_and_kept_whole() {
    let world = World::new(|request| match results(&request.messages).len() {
        0 => ask(&[("big", json!({}))]),
        _ => say("done"),
    });
    let (events, _) =
        finish(world.calm().start(request(vec![agent("a", vec![tool("big")])], "hi")).await.unwrap()).await;
    let result = &tool_results(&events)[0];
    assert!(result.content.ends_with("[cut: 262144 of 600000 bytes are shown]"));
    let artifact = result.artifact.clone().unwrap();
    assert_eq!(world.disk.lock().unwrap().blobs[&artifact.hash].len(), 600_000);
}
