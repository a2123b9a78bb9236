//! A scenario in use: which rule answers a request, how often each was used, and the bytes worth keeping.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
};

use bytes::Bytes;
use regex::Regex;

use crate::{
    Protocol, answer,
    exchange::Exchange,
    scenario::{Pace, Rule, Scenario, ScenarioError, When},
};

/// Bodies kept per rule: a client chooses model names, so the number must have a bound.
const KEPT_BODIES: usize = 32;

/// A scenario with its counters. Setting a scenario starts them anew.
#[derive(Debug)]
pub(crate) struct Script {
    /// The scenario as given.
    pub(crate) scenario: Scenario,
    rules: Vec<PreparedRule>,
    requests: AtomicU64,
}

/// A rule with what was prepared for it.
#[derive(Debug)]
pub(crate) struct PreparedRule {
    pattern: Option<Regex>,
    used: AtomicU32,
    fixed: bool,
    kept: Mutex<HashMap<BodyKey, Bytes>>,
}

/// What the bytes of a fixed answer depend on.
#[derive(Debug, PartialEq, Eq, Hash)]
struct BodyKey {
    protocol: Protocol,
    stream: bool,
    include_usage: bool,
    thinking: bool,
    model: String,
}

impl BodyKey {
    fn of(exchange: &Exchange<'_>) -> Self {
        Self {
            protocol: exchange.protocol,
            stream: exchange.stream,
            include_usage: exchange.include_usage,
            thinking: exchange.thinking,
            model: exchange.model.to_owned(),
        }
    }
}

impl Script {
    /// Prepares a scenario; fails on a wrong regular expression.
    pub(crate) fn new(scenario: Scenario) -> Result<Self, ScenarioError> {
        let rules = scenario.rules.iter().enumerate().map(|(place, rule)| PreparedRule::new(rule, place));
        Ok(Self { rules: rules.collect::<Result<_, _>>()?, scenario, requests: AtomicU64::new(0) })
    }

    /// Numbers an inference request, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Finds the rule for a request and counts its use.
    pub(crate) fn choose(&self, exchange: &Exchange<'_>, number: u64) -> Option<(usize, &Rule, &PreparedRule)> {
        let rules = self.scenario.rules.iter().zip(&self.rules).enumerate();
        let mut fitting = rules.filter(|(_, (rule, prepared))| prepared.fits(&rule.when, exchange, number));
        fitting.find(|(_, (rule, prepared))| prepared.take(rule.times)).map(|(place, (rule, kept))| (place, rule, kept))
    }
}

impl PreparedRule {
    fn new(rule: &Rule, place: usize) -> Result<Self, ScenarioError> {
        let wrong = |source| ScenarioError::Pattern { rule: place, source: Box::new(source) };
        let pattern = rule.when.last_user_matches.as_deref().map(Regex::new).transpose().map_err(wrong)?;
        let at_once = Pace { characters: rule.pace.characters, ..Pace::default() };
        let fixed = rule.pace == at_once && rule.fault.is_none() && answer::is_fixed(&rule.reply);
        Ok(Self { pattern, used: AtomicU32::new(0), fixed, kept: Mutex::default() })
    }

    fn fits(&self, when: &When, exchange: &Exchange<'_>, number: u64) -> bool {
        let contains = |part: &Option<String>, text: &str| part.as_deref().is_none_or(|part| text.contains(part));
        when.model.as_deref().is_none_or(|model| model == exchange.model)
            && when.protocol.is_none_or(|protocol| protocol == exchange.protocol)
            && when.stream.is_none_or(|stream| stream == exchange.stream)
            && when.number.is_none_or(|wanted| wanted == number)
            && when.last_role.is_none_or(|role| Some(role) == exchange.last_role)
            && when.tool_offered.as_deref().is_none_or(|name| exchange.offers(name))
            && contains(&when.last_user_contains, &exchange.last_user)
            && contains(&when.system_contains, &exchange.system)
            && contains(&when.last_tool_contains, &exchange.last_tool)
            && self.pattern.as_ref().is_none_or(|pattern| pattern.is_match(&exchange.last_user))
    }

    /// Uses the rule once; false when it is used up.
    fn take(&self, times: Option<u32>) -> bool {
        let Some(times) = times else { return true };
        let use_once = |used: u32| (used < times).then(|| used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, use_once).is_ok()
    }

    /// The body of a fixed answer: kept bytes, or made now and kept. `None` when the answer depends on the request.
    pub(crate) fn fixed_body(&self, exchange: &Exchange<'_>, make: impl FnOnce() -> Bytes) -> Option<Bytes> {
        if !self.fixed {
            return None;
        }
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let key = BodyKey::of(exchange);
        if let Some(body) = kept.get(&key) {
            return Some(body.clone());
        }
        let body = make();
        if kept.len() < KEPT_BODIES {
            kept.insert(key, body.clone());
        }
        Some(body)
    }
}

/// A script that is shared and replaced as a whole.
pub(crate) type SharedScript = arc_swap::ArcSwap<Script>;

/// Wraps a script for sharing.
pub(crate) fn shared(script: Script) -> SharedScript {
    SharedScript::new(Arc::new(script))
}
