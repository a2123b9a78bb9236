//! Whose an object is: that of a GitOps tool or of Helm, whose next run would undo what is written here; and when it was
//! last changed. Both are told by the managed fields, which are not kept.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use troupe_core::id::Timestamp;

/// Field managers that own a spec for good, and the tools that they are.
const MANAGERS: [(&str, Tool); 4] = [
    ("argocd-controller", Tool::ArgoCd),
    ("kustomize-controller", Tool::FluxKustomization),
    ("helm-controller", Tool::FluxHelmRelease),
    ("helm", Tool::Helm),
];

/// Labels and annotations by which tools find what they made; the value says which of their own objects it came from.
const MARKS: [(&str, Tool); 5] = [
    ("argocd.argoproj.io/instance", Tool::ArgoCd),
    ("argocd.argoproj.io/tracking-id", Tool::ArgoCd),
    ("kustomize.toolkit.fluxcd.io/name", Tool::FluxKustomization),
    ("helm.toolkit.fluxcd.io/name", Tool::FluxHelmRelease),
    ("meta.helm.sh/release-name", Tool::Helm),
];

/// Helm's mark of its objects; charts of other tools carry it with other values.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "Helm");

/// What keeps objects as another place says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tool {
    ArgoCd,
    FluxKustomization,
    FluxHelmRelease,
    Helm,
}

impl Tool {
    /// The tool in words, with the name of what an object came from, where that is known.
    fn shown(self, source: Option<&str>) -> String {
        let (tool, of) = match self {
            Self::ArgoCd => ("Argo CD", "Argo CD application"),
            Self::FluxKustomization => ("Flux", "Flux Kustomization"),
            Self::FluxHelmRelease => ("Flux", "Flux HelmRelease"),
            Self::Helm => ("Helm", "Helm release"),
        };
        source.map_or_else(|| tool.to_owned(), |source| format!("{of} {source:?}"))
    }
}

/// The tool that an object belongs to, in words such as `Helm release "shop"`. Owners of the spec count, and tracking
/// marks; an owner of labels or of the status does not.
pub(super) fn manager(metadata: &ObjectMeta) -> Option<Arc<str>> {
    let mark = |name: &str| {
        let of = |map: &Option<BTreeMap<String, String>>| map.as_ref().and_then(|map| map.get(name)).cloned();
        of(&metadata.labels).or_else(|| of(&metadata.annotations))
    };
    let entries = metadata.managed_fields.iter().flatten();
    let owner = entries.filter(|entry| owns_spec(entry)).find_map(|entry| known(entry.manager.as_deref()?));
    let marked = || MARKS.into_iter().find(|(name, _)| mark(name).is_some()).map(|(_, tool)| tool);
    let helm = || mark(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1).then_some(Tool::Helm);
    let tool = owner.or_else(marked).or_else(helm)?;
    let sources = MARKS.into_iter().filter(|(_, of)| *of == tool);
    let source = sources.filter_map(|(name, _)| mark(name)).find_map(|value| source(&value));
    Some(tool.shown(source.as_deref()).into())
}

/// What a mark names: Argo CD's tracking id goes on with the object's own kind and name.
fn source(mark: &str) -> Option<String> {
    let name = mark.split(':').next().unwrap_or_default().trim();
    (!name.is_empty()).then(|| name.chars().take(MOST_SOURCE).collect())
}

/// The longest name that is shown: Kubernetes has none longer.
const MOST_SOURCE: usize = 253;

fn known(manager: &str) -> Option<Tool> {
    MANAGERS.into_iter().find(|(known, _)| *known == manager).map(|(_, tool)| tool)
}

fn owns_spec(entry: &ManagedFieldsEntry) -> bool {
    let fields = entry.fields_v1.as_ref().and_then(|fields| fields.0.as_object());
    entry.subresource.is_none() && fields.is_some_and(|fields| fields.contains_key("f:spec"))
}

/// When anything but the status was last changed, in microseconds; else when the object was made.
pub(super) fn changed_at(metadata: &ObjectMeta) -> Option<Timestamp> {
    let entries = metadata.managed_fields.iter().flatten().filter(|entry| entry.subresource.is_none());
    let newest = entries.filter_map(|entry| entry.time.as_ref()).map(|time| time.0).max();
    let made = metadata.creation_timestamp.as_ref().map(|time| time.0);
    newest.or(made).map(k8s_openapi::jiff::Timestamp::as_microsecond)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn metadata(value: serde_json::Value) -> ObjectMeta {
        serde_json::from_value(value).unwrap()
    }

    fn manager_of(value: serde_json::Value) -> Option<String> {
        manager(&metadata(value)).map(|manager| manager.as_ref().to_owned())
    }

    #[test]
    fn owners_of_a_spec_manage_it_and_owners_of_the_rest_do_not() {
        let owns = |manager: &str, fields: serde_json::Value, subresource: Option<&str>| {
            let mut entry = json!({"manager": manager, "operation": "Apply", "fieldsV1": fields});
            if let Some(subresource) = subresource {
                entry["subresource"] = subresource.into();
            }
            manager_of(json!({"managedFields": [entry]}))
        };
        assert_eq!(owns("argocd-controller", json!({"f:spec": {"f:a": {}}}), None).as_deref(), Some("Argo CD"));
        assert_eq!(owns("helm", json!({"f:spec": {}}), None).as_deref(), Some("Helm"));
        assert_eq!(owns("argocd-controller", json!({"f:metadata": {}}), None), None);
        assert_eq!(owns("argocd-controller", json!({"f:spec": {}}), Some("status")), None);
        assert_eq!(owns("kubectl", json!({"f:spec": {}}), None), None);
    }

    #[test]
    fn marks_manage_too_and_say_where_an_object_came_from() {
        for (place, mark, value, shown) in [
            ("labels", "kustomize.toolkit.fluxcd.io/name", "apps", "Flux Kustomization \"apps\""),
            ("labels", "helm.toolkit.fluxcd.io/name", "shop", "Flux HelmRelease \"shop\""),
            ("labels", "argocd.argoproj.io/instance", "shop", "Argo CD application \"shop\""),
            (
                "annotations",
                "argocd.argoproj.io/tracking-id",
                "shop:troupe.dev/Agent:team/a",
                "Argo CD application \"shop\"",
            ),
            ("annotations", "meta.helm.sh/release-name", "demo", "Helm release \"demo\""),
            ("labels", "app.kubernetes.io/managed-by", "Helm", "Helm"),
        ] {
            assert_eq!(manager_of(json!({place: {mark: value}})).as_deref(), Some(shown), "{mark}");
        }
        assert_eq!(manager_of(json!({"labels": {"app.kubernetes.io/managed-by": "me"}})), None);
        let fields = [json!({"manager": "helm", "operation": "Apply", "fieldsV1": {"f:spec": {}}})];
        let both = json!({"managedFields": fields, "annotations": {"meta.helm.sh/release-name": "demo"}});
        assert_eq!(manager_of(both).as_deref(), Some("Helm release \"demo\""));
    }

    #[test]
    fn the_last_change_is_the_newest_that_is_no_status() {
        let at = |time: &str, subresource: Option<&str>| json!({"manager": "m", "operation": "Update", "time": time, "subresource": subresource});
        let entries = [at("1970-01-01T00:00:02Z", None), at("1970-01-01T00:00:09Z", Some("status"))];
        let object = json!({"creationTimestamp": "1970-01-01T00:00:01Z", "managedFields": entries});
        assert_eq!(changed_at(&metadata(object)), Some(2_000_000));
        assert_eq!(changed_at(&metadata(json!({"creationTimestamp": "1970-01-01T00:00:01Z"}))), Some(1_000_000));
    }
}
