//! Generates companies of agents: limits, tools of every kind, sub-agents, structured answers.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::*;
use serde_json::json;
use troupe_core::agent::{AgentSnapshot, Limits, OutputPolicy, PinnedSnapshot, Snapshot};
use troupe_core::model::{ModelSnapshot, Pricing};
use troupe_core::tool::{Approval, OnInterrupted, SkillTool, ToolKind, ToolSnapshot, builtin};

use crate::world::{agent, model, tool};

/// Agents that may call each other; the run is of the first.
#[derive(Clone, Debug)]
pub(crate) struct Company(pub(crate) Vec<Member>);

/// One agent.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    limits: Limits,
    tools: Vec<Kind>,
    /// How often each of its models is asked.
    attempts: Vec<u32>,
    repairs: Option<u32>,
    delegate_only: bool,
    max_depth: u32,
}

/// A tool's kind.
#[derive(Clone, Debug)]
pub(crate) enum Kind {
    Plain { approval: Approval, on_interrupted: OnInterrupted, read_only: bool, destructive: bool },
    Client,
    Agent(usize),
    Delegate,
    Skill,
}

pub(crate) fn company() -> impl Strategy<Value = Company> {
    vec(member(), 1..=3).prop_map(Company)
}

fn member() -> impl Strategy<Value = Member> {
    let attempts = vec(1..=2_u32, 1..=2);
    (limits(), vec(kind(), 0..=4), attempts, option::weighted(0.2, 0..=2_u32), prop::bool::weighted(0.1), 0..=2_u32)
        .prop_map(|(limits, tools, attempts, repairs, delegate_only, max_depth)| Member {
            limits,
            tools,
            attempts,
            repairs,
            delegate_only,
            max_depth,
        })
}

fn limits() -> impl Strategy<Value = Limits> {
    let timeout = option::weighted(0.3, prop_oneof![Just(1), Just(30), Just(2_000)]);
    let tokens = option::weighted(0.3, 1..=60_u64);
    let cost = option::weighted(0.2, 1..=60_i64);
    (0..=3_u32, option::weighted(0.3, 0..=4_u32), timeout, tokens, cost, 0..=3_u32, 1..=5_000_u64).prop_map(
        |(max_tool_rounds, max_tool_calls, timeout_ms, max_tokens, max_cost, parallel_tool_calls, approval)| Limits {
            max_tool_rounds,
            max_tool_calls,
            timeout_ms,
            max_tokens,
            max_cost,
            parallel_tool_calls,
            approval_timeout_ms: approval,
        },
    )
}

fn kind() -> impl Strategy<Value = Kind> {
    let approval =
        prop_oneof![3 => Just(Approval::Never), 1 => Just(Approval::Always), 1 => Just(Approval::WhenDestructive)];
    let interrupted = prop_oneof![
        2 => Just(OnInterrupted::Auto),
        1 => Just(OnInterrupted::Repeat),
        1 => Just(OnInterrupted::Report),
        1 => Just(OnInterrupted::Ask)
    ];
    let plain = (approval, interrupted, any::<bool>(), any::<bool>()).prop_map(
        |(approval, on_interrupted, read_only, destructive)| Kind::Plain {
            approval,
            on_interrupted,
            read_only,
            destructive,
        },
    );
    prop_oneof![
        4 => plain,
        1 => Just(Kind::Client),
        2 => (0..3_usize).prop_map(Kind::Agent),
        1 => Just(Kind::Delegate),
        1 => Just(Kind::Skill),
    ]
}

impl Company {
    /// What the run pins.
    pub(crate) fn pinned(&self) -> PinnedSnapshot {
        let agents = self.0.iter().enumerate().map(|(index, member)| {
            let name = name(index);
            (name.clone(), Arc::new(member.agent(&name, self.0.len())))
        });
        PinnedSnapshot::new(Snapshot { target: name(0), agents: agents.collect() }).unwrap()
    }
}

fn name(index: usize) -> String {
    format!("member{index}")
}

impl Member {
    fn agent(&self, name: &str, members: usize) -> AgentSnapshot {
        let tools = self.tools.iter().enumerate().map(|(index, kind)| kind.tool(index, members)).collect();
        let output = self
            .repairs
            .map(|max_repairs| OutputPolicy { schema: json!({"type": "object", "required": ["n"]}), max_repairs });
        AgentSnapshot {
            models: self.attempts.iter().enumerate().map(|(index, most)| priced(index, *most)).collect(),
            limits: self.limits.clone(),
            delegate_only: self.delegate_only,
            max_depth: self.max_depth,
            output,
            ..agent(name, tools)
        }
    }
}

/// A model that is asked again at once: pauses are tested elsewhere.
fn priced(index: usize, max_attempts: u32) -> Arc<ModelSnapshot> {
    let price = 1_000_000;
    let pricing =
        Pricing { input: price, cached_input: price, cache_write: price, output: price, currency: "USD".to_owned() };
    let plain = model(&format!("model{index}"));
    Arc::new(ModelSnapshot {
        max_attempts,
        initial_backoff_ms: 0,
        pricing: Some(pricing),
        ..ModelSnapshot::clone(&plain)
    })
}

impl Kind {
    fn tool(&self, index: usize, members: usize) -> ToolSnapshot {
        let plain = tool(&format!("tool{index}"));
        match self {
            Self::Plain { approval, on_interrupted, read_only, destructive } => ToolSnapshot {
                approval: *approval,
                on_interrupted: *on_interrupted,
                read_only: *read_only,
                destructive: *destructive,
                ..plain
            },
            Self::Client => ToolSnapshot { kind: ToolKind::Client, ..plain },
            Self::Agent(of) => ToolSnapshot { kind: ToolKind::Agent { agent: name(of % members) }, ..plain },
            Self::Delegate => {
                let delegate = builtin::delegate();
                ToolSnapshot {
                    spec: troupe_core::tool::ToolSpec { name: plain.spec.name, ..delegate.spec },
                    ..delegate
                }
            }
            Self::Skill => {
                let skill = SkillTool {
                    name: plain.id.clone(),
                    body: Some("Do it well.".to_owned()),
                    directory: None,
                    files: std::collections::BTreeMap::default(),
                    steps: Vec::new(),
                };
                ToolSnapshot { kind: ToolKind::Skill(skill), ..plain }
            }
        }
    }
}
