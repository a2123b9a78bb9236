//! A manifest that is looked at and not written, and who refers to an object.

use serde::Serialize;
use serde_json::{Value, json};
use troupe_catalog::{Finding, locate};
use troupe_crds::Kind;
use troupe_identity::Access;

use super::{ManifestInput, condition, finding, missing};
use crate::app::App;
use crate::http::error::Problem;
use crate::service::rights::Asker;

/// An object that refers to another one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Referrer {
    /// Its kind.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The field that refers, such as `spec.modelRef`.
    pub path: String,
}

/// Who refers to an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Referrers {
    /// By kind and name.
    pub items: Vec<Referrer>,
    /// How many more there are, of kinds that the caller may not list.
    pub others: usize,
}

impl App {
    /// A manifest with the status that it would have; everything that is to be said of it is in `status.findings`.
    ///
    /// # Errors
    /// As for applying it: with `findings` where the text or a rule is what is wrong.
    pub async fn preview_manifest(&self, asker: &Asker, kind: Kind, name: &str, text: &str) -> Result<Value, Problem> {
        let ManifestInput { resource, .. } = self.read_for(kind, name, text)?;
        self.may_write(asker, kind, resource.name()).await?;
        let preview = self.catalog.preview(&resource).await;
        let conditions: Vec<Value> = preview.conditions.iter().map(condition).collect();
        let findings: Vec<Value> = preview.findings.iter().map(|finding| told(finding, text)).collect();
        let mut manifest = resource.to_manifest().ok().flatten().unwrap_or_default();
        if let Some(entry) = self.catalog.view().get(kind, resource.name()) {
            manifest["metadata"]["resourceVersion"] = entry.resource_version.as_str().into();
        }
        manifest["status"] = json!({
            "conditions": conditions,
            "findings": findings,
            "currentRevision": preview.revision,
        });
        Ok(manifest)
    }

    /// Who refers to an object, as far as `asker` may list them.
    pub async fn referrers(&self, asker: &Asker, kind: Kind, name: &str) -> Result<Referrers, Problem> {
        let view = self.catalog.view();
        let entry = view.find(kind, name).ok_or_else(|| missing(kind, name))?;
        let mut referrers = Referrers { items: Vec::new(), others: 0 };
        let uses = view.uses(kind, &entry.name);
        for of_kind in uses.chunk_by(|one, next| one.kind == next.kind) {
            let Some(first) = of_kind.first() else { continue };
            if !self.can(asker, &Access::to("list", first.kind.plural())).await? {
                referrers.others += of_kind.len();
                continue;
            }
            referrers.items.extend(of_kind.iter().map(|found| Referrer {
                kind: found.kind.as_str(),
                name: found.name.clone(),
                path: found.path.clone(),
            }));
        }
        Ok(referrers)
    }
}

/// A finding with its place in the text that was sent.
fn told(finding: &Finding, text: &str) -> Value {
    let mut told = json!({
        "path": finding.path,
        "message": finding.message,
        "severity": finding.severity.as_str(),
    });
    place(&mut told, text);
    told
}

/// Adds line and column of a finding's field, where the text has it.
fn place(finding: &mut Value, text: &str) {
    let path = finding["path"].as_str().unwrap_or_default();
    if finding.get("line").is_some() || path.is_empty() {
        return;
    }
    if let Some((line, column)) = locate(text, path) {
        finding["line"] = line.into();
        finding["column"] = column.into();
    }
}

/// A problem that lists what is wrong, with the places in the text that was sent.
pub(super) fn placed(problem: Problem, text: &str) -> Problem {
    let listed = problem.member("findings").and_then(Value::as_array).cloned();
    let mut findings = listed.unwrap_or_else(|| {
        let field = problem.member("field").and_then(Value::as_str).unwrap_or_default();
        vec![finding(field, problem.detail())]
    });
    for finding in &mut findings {
        place(finding, text);
    }
    problem.with("findings", findings)
}

/// A finding that is no field's: the text cannot be read.
pub(super) fn unreadable(message: &str, place: Option<(usize, usize)>) -> Value {
    let mut told = finding("", message);
    if let Some((line, column)) = place {
        told["line"] = line.into();
        told["column"] = column.into();
    }
    told
}
