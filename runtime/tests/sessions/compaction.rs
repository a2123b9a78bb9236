//! Long conversations become a summary and memories (S1-128 to S1-136).

use serde_json::json;
use troupe_model_server::{Fault, Pace, Rule, When};
use troupe_runtime::service::context::{CompactError, Compaction};
use troupe_store::SessionChanged;

use crate::setting::{Setting, scribe, small, soon, until};

const ANSWER: &str = r#"<summary>Ann introduced herself.</summary><memory>[
    {"entry_type": "fact", "content": "The user is Ann.", "source_turn_index": 0, "confidence": 0.9},
    {"entry_type": "preference", "content": "Ann likes tea.", "source_turn_index": 2, "confidence": 0.8},
    {"entry_type": "fact", "content": "It may rain.", "source_turn_index": 2, "confidence": 0.2}]</memory>"#;

/// A session of `keeper` with three rounds, the last of which is too long; compacted.
async fn compacted() -> (Setting, String) {
    let setting = Setting::new([small(100).times(2), small(2_000).times(1), small(100), scribe(ANSWER)]).await;
    let session = setting.say("new", "I am Ann").await;
    let mut changes = setting.app.store.subscribe();
    setting.say(&session, "I like tea").await;
    setting.say(&session, "and now?").await;
    until(&mut changes, &session, &SessionChanged::Compacted).await;
    (setting, session)
}

#[tokio::test]
async fn a_long_conversation_goes_on_with_its_summary_its_memories_and_its_last_turns() {
    let (setting, session) = compacted().await;
    let told = &setting.asked("scribe")[0];
    assert!(told[0].starts_with("system: You keep the memory of a conversation"), "{told:?}");
    assert_eq!(
        told[1],
        "user: <conversation>\n[0] user: I am Ann\n[1] assistant: re: I am Ann\n[2] user: I like tea\n\
         [3] assistant: re: I like tea\n</conversation>"
    );
    setting.say(&session, "thanks").await;
    assert_eq!(
        setting.asked("small").last().unwrap().join("|"),
        "system: be kind|system: ## Summary\nAnn introduced herself.|system: ## Memory\nfact: The user is Ann.|\
         system: ## Memory\npreference: Ann likes tea.|user: and now?|assistant: re: and now?|user: thanks"
    );
    assert_eq!(setting.asked("scribe").len(), 1, "short as it is now, it is left alone");
    assert_eq!(setting.turns(&session).await.len(), 8, "nothing that was said is gone");
}

#[tokio::test]
async fn the_context_is_shown_in_files_and_in_numbers() {
    let (setting, session) = compacted().await;
    let mut context = setting.context(&session).await;
    let made = context["summary"]["updated_at"].take();
    assert!(made.as_str().is_some_and(|made| made.len() == "2026-04-21T15:30:12.000123".len()), "{made}");
    let summary = json!({"session_id": session, "summary_version": 1, "summarized_up_to_turn": 4, "updated_at": null,
        "content": "Ann introduced herself."});
    assert_eq!(context["summary"], summary);
    let memory = &context["memory"];
    assert_eq!((&memory["session_id"], &memory["entry_count"]), (&json!(session), &json!(2)));
    assert_eq!(memory["updated_at"], made);
    let first = json!({"entry_type": "fact", "content": "The user is Ann.", "source_turn_index": 0, "confidence": 0.9,
        "created_at": made});
    assert_eq!(memory["entries"][0], first);
    let characters = "Ann introduced herself.The user is Ann.Ann likes tea.and now?re: and now?".len();
    let snapshot = json!({"session_id": session, "total_turns": 6, "summarized_turns": 4, "recent_window_size": 2,
        "memory_entry_count": 2, "memory_entries_by_type": {"fact": 1, "preference": 1}, "summary_version": 1,
        "estimated_context_tokens": characters.div_ceil(4)});
    assert_eq!(context["snapshot"], snapshot);
    let introspected = setting.app.introspect(&session).await.unwrap().unwrap();
    assert_eq!(serde_json::to_value(&introspected).unwrap(), snapshot);
    assert_eq!(introspected.total_turns, introspected.summarized_turns + introspected.recent_window_size);
    assert_eq!(setting.app.introspect("nowhere").await.unwrap(), None);
}

#[tokio::test]
async fn the_next_summary_rewrites_the_one_before() {
    let (setting, session) = compacted().await;
    setting.say(&session, "thanks").await;
    setting.say(&session, "bye").await;
    assert_eq!(setting.app.compact(&session).await.unwrap(), Compaction::Done { turns: 4 });
    let told = &setting.asked("scribe")[1][1];
    assert!(
        told.starts_with(
            "user: <previous_summary>\nAnn introduced herself.\n</previous_summary>\n<previous_memory>\n[{"
        )
    );
    assert!(
        told.contains("<conversation>\n[4] user: and now?\n[5] assistant: re: and now?\n[6] user: thanks\n"),
        "{told}"
    );
    assert!(!told.contains("I like tea"), "{told}");
    let context = setting.context(&session).await;
    assert_eq!(context["summary"]["summary_version"], 2);
    assert_eq!(context["snapshot"]["summarized_turns"], 8);
    assert_eq!(context["memory"]["entry_count"], 2, "the new list replaces the old one");
}

#[tokio::test]
async fn a_run_that_ends_during_a_compaction_is_looked_at_after_it() {
    let held = scribe(ANSWER).paced(Pace { hold_after: Some(0), ..Pace::default() }).times(1);
    let setting = Setting::new([small(100).times(1), small(2_000), held, scribe(ANSWER)]).await;
    let session = setting.say("new", "I am Ann").await;
    setting.say(&session, "I like tea").await;
    soon(setting.models.wait_for_requests(3)).await;
    setting.say(&session, "and now?").await;
    setting.models.release(1);
    soon(setting.models.wait_for_requests(5)).await;
    let told: Vec<String> = setting.asked("scribe").into_iter().map(|asked| asked[1].clone()).collect();
    assert_eq!(told.len(), 2);
    assert!(!told[0].contains("I like tea") && told[1].contains("I like tea"), "{told:?}");
}

#[tokio::test]
async fn revoking_into_the_summarised_part_drops_the_summary_and_the_memories() {
    let (setting, session) = compacted().await;
    let at = setting.time_of(&session, "I like tea").await;
    let (status, body) = setting.post(&format!("/v1/sessions/{session}/revoke"), &json!({"timestamp": at})).await;
    assert_eq!((status, &body["removed_count"]), (200, &json!(4)), "{body}");
    let context = setting.context(&session).await;
    assert_eq!((&context["summary"], &context["memory"]["entry_count"]), (&json!(null), &json!(0)));
    setting.say(&session, "I prefer coffee").await;
    let told = setting.asked("small").last().unwrap().join("|");
    assert_eq!(told, "system: be kind|user: I am Ann|assistant: re: I am Ann|user: I prefer coffee");
}

#[tokio::test]
async fn revoking_behind_the_summarised_part_leaves_it() {
    let (setting, session) = compacted().await;
    let at = setting.time_of(&session, "and now?").await;
    let (status, body) = setting.post(&format!("/v1/sessions/{session}/revoke"), &json!({"timestamp": at})).await;
    assert_eq!((status, &body["removed_count"]), (200, &json!(2)), "{body}");
    let context = setting.context(&session).await;
    assert_eq!(context["summary"]["content"], "Ann introduced herself.");
    assert_eq!(
        (&context["snapshot"]["total_turns"], &context["snapshot"]["recent_window_size"]),
        (&json!(4), &json!(0))
    );
}

#[tokio::test]
async fn a_summary_that_was_revoked_meanwhile_is_not_saved() {
    let held = scribe(ANSWER).paced(Pace { hold_after: Some(0), ..Pace::default() });
    let setting = Setting::new([small(100), held]).await;
    let session = setting.say("new", "I am Ann").await;
    setting.say(&session, "I like tea").await;
    let revoke = async {
        setting.models.wait_for_requests(3).await;
        let at = setting.time_of(&session, "I like tea").await;
        let (status, _) = setting.post(&format!("/v1/sessions/{session}/revoke"), &json!({"timestamp": at})).await;
        assert_eq!(status, 200);
        setting.models.release(1);
    };
    let (compaction, ()) = soon(async { tokio::join!(setting.app.compact(&session), revoke) }).await;
    assert_eq!(compaction.unwrap(), Compaction::Superseded);
    assert_eq!(setting.context(&session).await["summary"], json!(null));
}

#[tokio::test]
async fn what_a_model_says_wrongly_changes_as_little_as_it_must() {
    let failing = Rule::fault(Fault::Status { code: 400, retry_after: None, message: None })
        .when(When { model: Some("scribe".to_owned()), ..When::default() })
        .times(1);
    let rules = [
        small(100),
        failing,
        scribe(" ").times(1),
        scribe(ANSWER).times(1),
        scribe("Ann was here. <memory>[{\"entry_type\": </memory>").times(1),
    ];
    let setting = Setting::new(rules).await;
    let session = setting.say("new", "I am Ann").await;
    let compact = || setting.app.compact(&session);
    assert!(matches!(compact().await, Err(CompactError::Ask(_))));
    assert!(matches!(compact().await, Err(CompactError::Empty | CompactError::Ask(_))));
    assert_eq!(setting.context(&session).await["summary"], json!(null));

    assert_eq!(compact().await.unwrap(), Compaction::Done { turns: 1 });
    assert_eq!(compact().await.unwrap(), Compaction::Nothing);
    setting.say(&session, "again").await;
    assert_eq!(compact().await.unwrap(), Compaction::Done { turns: 1 });
    let context = setting.context(&session).await;
    assert_eq!(context["summary"]["content"], "Ann was here.");
    assert_eq!(context["memory"]["entry_count"], 2, "those before stay");
}

#[tokio::test]
async fn without_a_model_that_summarises_there_is_only_storage() {
    let setting = Setting::new([small(90_000)]).await;
    let (_, body) = setting.post("/v1/infer", &json!({"agent_id": "plain", "session_id": "new", "text": "hi"})).await;
    let session = body["session_id"].as_str().unwrap();
    assert!(matches!(setting.app.compact(session).await, Err(CompactError::NoModel)));
    let compact = setting.app.compact("nowhere").await;
    assert!(compact.is_err_and(|error| error.to_string().contains("nowhere")));
    assert!(setting.asked("scribe").is_empty());
}

#[tokio::test]
async fn the_services_own_settings_serve_whom_no_resource_does_and_instructions_outlive_the_summary() {
    let setting = Setting::with([small(2_000), scribe(ANSWER)], "", |settings| {
        settings.summary_model = Some("scribe".to_owned());
        settings.max_context_tokens = Some(1_000);
    })
    .await;
    let mut changes = setting.app.store.subscribe();
    let messages = json!([{"role": "system", "content": "speak Norse"}, {"role": "user", "content": "I am Ann"}]);
    let (_, body) =
        setting.post("/v1/infer", &json!({"model_id": "small", "session_id": "new", "messages": messages})).await;
    let session = body["session_id"].as_str().unwrap();
    until(&mut changes, session, &SessionChanged::Compacted).await;
    setting.post("/v1/infer", &json!({"model_id": "small", "session_id": session, "text": "and now?"})).await;
    let told = setting.asked("small").last().unwrap().join("|");
    assert!(
        told.starts_with("system: speak Norse|system: ## Summary\nAnn introduced herself.|system: ## Memory\n"),
        "{told}"
    );
    assert!(told.ends_with("|assistant: re: I am Ann|user: and now?"), "{told}");
    assert!(!told.contains("|user: I am Ann"), "{told}");
}

#[tokio::test]
async fn an_artifact_is_kept_beside_a_session() {
    let setting = Setting::new([small(100)]).await;
    let session = setting.say("new", "hi").await;
    let artifact = setting.app.store_artifact(&session, "plan.md", "# Plan".into()).await.unwrap();
    assert_eq!((artifact.name.as_str(), artifact.size), ("artifact-plan.md", 6));
    let kept = setting.app.session_artifact(&artifact.hash).await.unwrap();
    assert_eq!(kept.as_deref(), Some(b"# Plan".as_slice()));
    assert!(setting.app.store_artifact("nowhere", "plan.md", "x".into()).await.is_err());
}
