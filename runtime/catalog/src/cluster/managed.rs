//! Whose an object is: that of a GitOps tool or of Helm, whose next run would undo what is written here; and when it was
//! last changed. Both are told by the managed fields, which are not kept.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ManagedFieldsEntry, ObjectMeta};
use troupe_core::id::Timestamp;

/// Field managers that own a spec for good.
const MANAGERS: [&str; 4] = ["argocd-controller", "kustomize-controller", "helm-controller", "helm"];

/// Labels by which tools find what they made.
const LABELS: [(&str, &str); 3] = [
    ("argocd.argoproj.io/instance", "argocd-controller"),
    ("kustomize.toolkit.fluxcd.io/name", "kustomize-controller"),
    ("helm.toolkit.fluxcd.io/name", "helm-controller"),
];

/// Annotations by which they do.
const ANNOTATIONS: [(&str, &str); 2] =
    [("argocd.argoproj.io/tracking-id", "argocd-controller"), ("meta.helm.sh/release-name", "helm")];

/// Helm's mark of its objects; charts of other tools carry it with other values.
const MANAGED_BY: (&str, &str) = ("app.kubernetes.io/managed-by", "Helm");

/// The tool that an object belongs to, by its field manager's name. Owners of the spec count, and tracking marks; an
/// owner of labels or of the status does not.
pub(super) fn manager(metadata: &ObjectMeta) -> Option<&'static str> {
    let label = |name: &str| metadata.labels.as_ref().and_then(|labels| labels.get(name));
    let annotation = |name: &str| metadata.annotations.as_ref().is_some_and(|notes| notes.contains_key(name));
    let marked = || LABELS.into_iter().find(|(name, _)| label(name).is_some());
    let noted = || ANNOTATIONS.into_iter().find(|(name, _)| annotation(name));
    let helm = || label(MANAGED_BY.0).is_some_and(|by| by == MANAGED_BY.1).then_some("helm");
    let entries = metadata.managed_fields.iter().flatten();
    let owner = entries.filter(|entry| owns_spec(entry)).find_map(|entry| known(entry.manager.as_deref()?));
    owner.or_else(|| marked().or_else(noted).map(|(_, manager)| manager)).or_else(helm)
}

fn known(manager: &str) -> Option<&'static str> {
    MANAGERS.into_iter().find(|known| *known == manager)
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

    #[test]
    fn owners_of_a_spec_manage_it_and_owners_of_the_rest_do_not() {
        let owns = |manager: &str, fields: serde_json::Value, subresource: Option<&str>| {
            let mut entry = json!({"manager": manager, "operation": "Apply", "fieldsV1": fields});
            if let Some(subresource) = subresource {
                entry["subresource"] = subresource.into();
            }
            manager_of(json!({"managedFields": [entry]}))
        };
        assert_eq!(owns("argocd-controller", json!({"f:spec": {"f:a": {}}}), None), Some("argocd-controller"));
        assert_eq!(owns("helm", json!({"f:spec": {}}), None), Some("helm"));
        assert_eq!(owns("argocd-controller", json!({"f:metadata": {}}), None), None);
        assert_eq!(owns("argocd-controller", json!({"f:spec": {}}), Some("status")), None);
        assert_eq!(owns("kubectl", json!({"f:spec": {}}), None), None);
    }

    #[test]
    fn marks_manage_too() {
        assert_eq!(
            manager_of(json!({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}})),
            Some("kustomize-controller")
        );
        assert_eq!(
            manager_of(json!({"annotations": {"argocd.argoproj.io/tracking-id": "x"}})),
            Some("argocd-controller")
        );
        assert_eq!(manager_of(json!({"labels": {"app.kubernetes.io/managed-by": "Helm"}})), Some("helm"));
        assert_eq!(manager_of(json!({"labels": {"app.kubernetes.io/managed-by": "me"}})), None);
    }

    fn manager_of(value: serde_json::Value) -> Option<&'static str> {
        manager(&metadata(value))
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
