//! Jinja templates: conditions, loops and includes of other templates, rendered by minijinja.
//!
//! The dialect is smaller than Jinja's: `dialect` says what is left out and why. Nothing is escaped, since the output is
//! a prompt and not HTML. Time and output are capped; memory for values in between is not (`a ~ a` set again and again,
//! `batch(1000000000)`), so a template is to be rendered only for those who may write one. An undefined name is written as nothing; an attribute of an undefined name is an error.

mod dialect;
mod output;

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, Error, ErrorKind};
use serde_json::{Map, Value};

use crate::{LanguageError, roomy};

/// The longest template, in bytes. A prompt is a few KiB; the API server stores objects up to 1.5 MiB.
const MAX_TEMPLATE_BYTES: usize = 256 * 1024;
/// The longest output, in bytes: more than the context window of any model takes.
const MAX_OUTPUT_BYTES: usize = 4 * 1024 * 1024;
/// Instructions for one rendering, about 50 ms; a loop over a thousand items with ten steps each needs 20 000.
const FUEL: u64 = 1_000_000;
/// Levels of nesting while rendering; an include costs ten. Far below what a thread's 2 MiB of stack carries.
const MAX_RECURSION: usize = 100;
/// How many templates one template may reach through includes.
const MAX_INCLUDED: usize = 64;
/// The longest tag (`{{ … }}` or `{% … %}`), in tokens. The parser recurses once for each operator of a chain.
const MAX_TAG_TOKENS: usize = 1000;
/// The name of the template itself in error messages.
const ROOT: &str = "template";

/// What a template refers to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JinjaNames {
    /// Variables that nothing in the template sets: unique, in the order of their first appearance.
    pub variables: Vec<String>,
    /// Names of the templates that it includes or extends: unique, in order; those of included templates are not in it.
    pub includes: Vec<String>,
}

/// Parses a template, and says what it refers to.
pub fn check(text: &str) -> Result<JinjaNames, LanguageError> {
    roomy::run(|| {
        let includes = dialect::includes(text, ROOT)?;
        let environment = environment();
        let template = environment.template_from_named_str(ROOT, text).map_err(|error| explain(&error))?;
        let mut variables: Vec<String> = template.undeclared_variables(false).into_iter().collect();
        variables.retain(|name| !environment.globals().any(|(global, _)| global == name));
        variables.sort_by_cached_key(|name| (text.find(name.as_str()), name.clone()));
        Ok(JinjaNames { variables, includes })
    })
}

/// Renders a template. `includes` finds the text of another template by name; a template that it does not find is an
/// error unless the template says `ignore missing`.
pub fn render(
    text: &str,
    values: &Map<String, Value>,
    includes: &dyn Fn(&str) -> Option<String>,
) -> Result<String, LanguageError> {
    let sources = reachable(text, includes)?;
    roomy::run(|| render_with(text, values, sources))
}

fn render_with(
    text: &str,
    values: &Map<String, Value>,
    sources: BTreeMap<String, String>,
) -> Result<String, LanguageError> {
    let mut environment = environment();
    for (name, source) in sources {
        environment.add_template_owned(name, source).map_err(|error| explain(&error))?;
    }
    let template = environment.template_from_named_str(ROOT, text).map_err(|error| explain(&error))?;
    let mut output = output::Capped::new(MAX_OUTPUT_BYTES);
    let rendered = template.render_captured_to(Serde(values), &mut output).map(drop);
    if output.overflowed() {
        return Err(LanguageError::new(
            format!("the template wrote more than {MAX_OUTPUT_BYTES} bytes"),
            "pass less text, or cut it with a filter such as `[:1000]`",
        ));
    }
    rendered.map_err(|error| explain(&error))?;
    output.into_text()
}

/// The sources of all templates that `text` reaches, by name. They are fetched before rendering, because the
/// environment keeps its loader for longer than the caller lends it.
fn reachable(text: &str, includes: &dyn Fn(&str) -> Option<String>) -> Result<BTreeMap<String, String>, LanguageError> {
    let mut sources = BTreeMap::new();
    let mut wanted = roomy::run(|| dialect::includes(text, ROOT))?;
    while let Some(name) = wanted.pop() {
        if sources.contains_key(&name) {
            continue;
        }
        let Some(source) = includes(&name) else { continue };
        if sources.len() == MAX_INCLUDED {
            return Err(LanguageError::new(
                format!("the template reaches more than {MAX_INCLUDED} others through includes"),
                "include fewer templates",
            ));
        }
        wanted.extend(roomy::run(|| dialect::includes(&source, &name))?);
        sources.insert(name, source);
    }
    Ok(sources)
}

fn environment<'source>() -> Environment<'source> {
    let mut environment = Environment::new();
    environment.set_auto_escape_callback(|_| AutoEscape::None);
    environment.set_fuel(Some(FUEL));
    environment.set_recursion_limit(MAX_RECURSION);
    // Without it nothing outlives one turn of a loop, so a loop cannot double a text again and again: fuel counts
    // instructions, not bytes.
    environment.remove_global("namespace");
    environment
}

fn explain(error: &Error) -> LanguageError {
    let cause = innermost(error);
    let remedy = match cause.kind() {
        ErrorKind::TemplateNotFound => "name a template that exists, or write `ignore missing`",
        ErrorKind::OutOfFuel => "loop over fewer items",
        ErrorKind::UndefinedError => "test the variable first with `is defined`, or give it a value",
        ErrorKind::UnknownFilter | ErrorKind::UnknownFunction | ErrorKind::UnknownTest | ErrorKind::UnknownMethod => {
            "use one that minijinja has"
        }
        _ => "correct the template",
    };
    let mut what = cause.to_string();
    if let Some(place) = cause.name().and_then(|name| what.rfind(&format!(" (in {name}:"))) {
        what.truncate(place);
    }
    if let Some(name) = cause.name().filter(|name| *name != ROOT) {
        what = format!("{what} (in the template \"{name}\")");
    }
    LanguageError::new(what, remedy).on_line(cause.line())
}

/// An error inside an include is wrapped once for each level; the innermost is the one to correct.
fn innermost(error: &Error) -> &Error {
    let mut cause = error;
    while let Some(inner) = std::error::Error::source(cause).and_then(|source| source.downcast_ref::<Error>()) {
        cause = inner;
    }
    cause
}
