//! Rules of a PromptTemplate, and what its status says about names.

use std::collections::BTreeSet;

use serde_json::Value;
use troupe_crds::{Kind, PromptTemplateSpec, prompt_template::PromptEngine};
use troupe_language::Engine;

use crate::{reference::References, violation::Findings};

/// The names of a template. Undeclared and unused ones are a warning: S1's templates declare nothing at all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// The gaps, in order of first appearance, each once.
    pub placeholders: Vec<String>,
    /// Gaps that no variable declares; empty where no variables are declared at all.
    pub undeclared: Vec<String>,
    /// Variables without a gap.
    pub unused: Vec<String>,
}

impl Names {
    /// What the warning condition says; none where the names are the same.
    pub fn warning(&self) -> Option<String> {
        let mut parts = Vec::new();
        if !self.undeclared.is_empty() {
            parts.push(format!("not declared in variables: {}", self.undeclared.join(", ")));
        }
        if !self.unused.is_empty() {
            parts.push(format!("declared and not used in content: {}", self.unused.join(", ")));
        }
        (!parts.is_empty()).then(|| parts.join("; "))
    }
}

/// The engine of a PromptTemplate.
pub fn engine(engine: PromptEngine) -> Engine {
    match engine {
        PromptEngine::Placeholder => Engine::Placeholder,
        PromptEngine::Jinja => Engine::Jinja,
    }
}

/// Which names a template uses and declares. Where it includes others, their names are not known here, and nothing
/// counts as unused.
pub fn names(spec: &PromptTemplateSpec) -> Names {
    let found = engine(spec.engine).check(&spec.content).unwrap_or_default();
    let used: BTreeSet<&str> = found.variables.iter().map(String::as_str).collect();
    let declared: BTreeSet<&str> = spec.variables.iter().map(|variable| variable.name.as_str()).collect();
    let undeclared = found.variables.iter().filter(|name| !declared.contains(name.as_str()));
    let unused = spec.variables.iter().map(|variable| &variable.name).filter(|name| !used.contains(name.as_str()));
    Names {
        undeclared: if declared.is_empty() { Vec::new() } else { undeclared.cloned().collect() },
        unused: if found.includes.is_empty() { unused.cloned().collect() } else { Vec::new() },
        placeholders: found.variables,
    }
}

/// Adds what is wrong with a PromptTemplate.
pub fn check(spec: &PromptTemplateSpec, findings: &mut Findings) {
    if let Err(error) = engine(spec.engine).check(&spec.content) {
        findings.add("spec.content", error.to_string());
    }
    for (index, variable) in spec.variables.iter().enumerate() {
        let path = format!("spec.variables[{index}]");
        if spec.variables.iter().take(index).any(|earlier| earlier.name == variable.name) {
            findings.add(format!("{path}.name"), format!("variable {} stands twice: remove one", variable.name));
        }
        let Some(default) = &variable.default else { continue };
        if variable.required {
            findings.add(&path, "a required variable is never filled by its default: remove required or default");
        }
        let allowed = variable.enum_.iter().any(|value| default.as_str() == Some(value));
        if !variable.enum_.is_empty() && !allowed {
            findings.add(
                format!("{path}.default"),
                format!("the default is not in enum: use one of {}", variable.enum_.join(", ")),
            );
        }
    }
}

/// What is wrong with the arguments that a caller gives, each as a path within them and a message.
pub fn check_arguments(spec: &PromptTemplateSpec, path: &str, arguments: &serde_json::Map<String, Value>) -> Findings {
    let mut findings = Findings::default();
    for variable in &spec.variables {
        let given = arguments.get(&variable.name);
        if variable.required && given.is_none() {
            findings.add(format!("{path}.{}", variable.name), "the template requires this argument: give it a value");
        }
        let Some(given) = given.filter(|_| !variable.enum_.is_empty()) else { continue };
        if !variable.enum_.iter().any(|value| given.as_str() == Some(value)) {
            let message = format!("not an allowed value: use one of {}", variable.enum_.join(", "));
            findings.add(format!("{path}.{}", variable.name), message);
        }
    }
    findings
}

/// Adds the templates that a PromptTemplate includes.
pub fn references(spec: &PromptTemplateSpec, references: &mut References) {
    let found = engine(spec.engine).check(&spec.content).unwrap_or_default();
    for name in found.includes {
        references.named("spec.content", Kind::PromptTemplate, &name);
    }
}
