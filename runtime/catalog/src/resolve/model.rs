//! Models: addresses, keys by reference, prices in integers.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use troupe_core::model::{ConfigValue, ModelLimits, ModelSnapshot, NamedValue, Pricing, Protocol, SecretRef, Trust};
use troupe_crds::connection::Header;
use troupe_crds::model::{self, ModelKind};
use troupe_crds::reference::SecretKeyReference;
use troupe_crds::{Decimal, GoDuration, Kind, ModelSpec};

use crate::view::View;

/// The longest answer, where the Model says nothing.
const TIMEOUT: Duration = Duration::from_mins(10);

/// The longest wait for a first token, where the Model says nothing.
const FIRST_TOKEN_TIMEOUT: Duration = Duration::from_mins(2);

/// Attempts in all, where the Model says nothing.
const MAX_ATTEMPTS: u32 = 3;

/// The pause before the second attempt, where the Model says nothing.
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);

/// The model and its fallbacks, depth first as they are written; one that came already, and so every circle, ends there.
pub(super) fn with_fallbacks(view: &View, name: &str) -> Vec<Arc<ModelSnapshot>> {
    let mut found: Vec<Arc<ModelSnapshot>> = Vec::new();
    let mut waiting = vec![name];
    while let Some(name) = waiting.pop() {
        if found.iter().any(|model| model.name == name) {
            continue;
        }
        if let (Some(model), Some(spec)) = (snapshot(view, name), view.model(name)) {
            found.push(model);
            waiting.extend(spec.fallbacks.iter().rev().map(|fallback| fallback.name.as_str()));
        }
    }
    found
}

/// One model, made once in a view.
pub(super) fn snapshot(view: &View, name: &str) -> Option<Arc<ModelSnapshot>> {
    let entry = view.get(Kind::Model, name)?;
    let mut models = view.cache.models.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(model) = models.get(name) {
        return Some(Arc::clone(model));
    }
    let model = Arc::new(convert(name, &entry.id, view.model(name)?));
    models.insert(Arc::clone(&entry.name), Arc::clone(&model));
    Some(model)
}

fn convert(name: &str, id: &str, spec: &ModelSpec) -> ModelSnapshot {
    let retry = spec.retry.clone().unwrap_or_default();
    ModelSnapshot {
        name: name.to_owned(),
        id: id.to_owned(),
        protocol: protocol(spec.protocol),
        base_url: spec.base_url.trim_end_matches('/').to_owned(),
        trust: Trust::Literal,
        model: spec.model.clone(),
        api_key: spec.api_key.as_ref().map(|source| secret(&source.secret_key_ref)),
        headers: spec.headers.iter().map(header).collect(),
        ca: spec.tls.as_ref().and_then(|tls| tls.ca_secret_key_ref.as_ref()).map(secret),
        multimodal: spec.kind == ModelKind::Vlm,
        parameters: spec.parameters.0.clone(),
        timeout_ms: Some(millis(spec.timeout.as_ref(), TIMEOUT)),
        first_token_timeout_ms: Some(millis(spec.first_token_timeout.as_ref(), FIRST_TOKEN_TIMEOUT)),
        max_attempts: retry.max_attempts.unwrap_or(MAX_ATTEMPTS),
        initial_backoff_ms: millis(retry.initial_backoff.as_ref(), INITIAL_BACKOFF),
        limits: spec.limits.as_ref().map(limits).unwrap_or_default(),
        context_window: spec.context_window,
        pricing: spec.pricing.as_ref().map(pricing),
    }
}

fn protocol(protocol: model::Protocol) -> Protocol {
    match protocol {
        model::Protocol::OpenAI => Protocol::OpenAI,
        model::Protocol::OpenAIResponses => Protocol::OpenAIResponses,
        model::Protocol::Anthropic => Protocol::Anthropic,
        model::Protocol::Ollama => Protocol::Ollama,
    }
}

fn limits(limits: &model::ModelLimits) -> ModelLimits {
    ModelLimits {
        requests_per_minute: limits.requests_per_minute,
        // Beyond four billion tokens a minute nothing is limited any more.
        tokens_per_minute: limits.tokens_per_minute.map(|tokens| u32::try_from(tokens).unwrap_or(u32::MAX)),
        max_concurrent: limits.max_concurrent,
    }
}

fn pricing(pricing: &model::Pricing) -> Pricing {
    let input = pricing.input_per_million.as_ref().map_or(0, micros);
    Pricing {
        input,
        cached_input: pricing.cached_input_per_million.as_ref().map_or(input, micros),
        cache_write: pricing.cache_write_per_million.as_ref().map_or(input, micros),
        output: pricing.output_per_million.as_ref().map_or(0, micros),
        currency: pricing.currency.clone(),
    }
}

/// A decimal in millionths.
pub(super) fn micros(decimal: &Decimal) -> i64 {
    i64::try_from(decimal.micros()).unwrap_or(i64::MAX)
}

/// A duration in milliseconds.
pub(super) fn millis(duration: Option<&GoDuration>, default: Duration) -> u64 {
    let duration = duration.map_or(default, GoDuration::value);
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A reference to a Secret's key.
pub(super) fn secret(reference: &SecretKeyReference) -> SecretRef {
    SecretRef::Key { name: reference.name.clone(), key: reference.key.clone() }
}

/// A header, in clear or by reference.
pub(super) fn header(header: &Header) -> NamedValue {
    named(&header.name, header.value.as_deref(), header.secret_key_ref.as_ref())
}

/// A name with its value, in clear or by reference.
pub(super) fn named(name: &str, value: Option<&str>, reference: Option<&SecretKeyReference>) -> NamedValue {
    let value = match reference {
        Some(reference) => ConfigValue::Secret(secret(reference)),
        None => ConfigValue::Plain(value.unwrap_or_default().to_owned()),
    };
    NamedValue { name: name.to_owned(), value }
}
