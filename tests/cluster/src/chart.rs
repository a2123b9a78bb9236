//! The rights and admission policies of the chart, as helm renders them, for tests that run as the operator or as a runtime.

use std::{path::Path, process::Command};

use anyhow::{Context as _, ensure};
use kube::{ResourceExt as _, api::DynamicObject};

use crate::{ControlPlane, program};

/// What is applied: who there is, what they may do, and what is refused all the same.
const RIGHTS: [&str; 7] = [
    "ServiceAccount",
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
];

/// The chart's manifests for a release in `namespace`, with values such as `operator.replicas=2`; `None`, with a line that says so,
/// where there is no helm and it cannot be built.
///
/// # Errors
/// In helm's words, when the values are refused.
pub fn render_chart(namespace: &str, values: &[String]) -> anyhow::Result<Option<String>> {
    let Some(programs) = program::chart()? else { return Ok(None) };
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../charts/troupe");
    let mut helm = Command::new(programs.join("helm"));
    helm.args(["template", "troupe"]).arg(chart).args(["--namespace", namespace]);
    helm.args(values.iter().flat_map(|value| ["--set", value]));
    let output = helm.output().context("helm cannot be started")?;
    ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Ok(Some(String::from_utf8(output.stdout)?))
}

impl ControlPlane {
    /// Gives the account `troupe-operator` of `namespace` the operator's rights: in the whole cluster, or where it watches. The admission
    /// policies get the namespace's name, since tests with operators of their own share a cluster. False where there is no helm.
    pub async fn install_rights(&self, namespace: &str, watched: &[&str]) -> anyhow::Result<bool> {
        let mut values = vec!["crds.enabled=false".to_owned()];
        if !watched.is_empty() {
            values.push(format!("operator.watchNamespaces={{{}}}", watched.join(",")));
        }
        let Some(manifests) = render_chart(namespace, &values)? else { return Ok(false) };
        let mut objects = crate::documents(&manifests)?;
        objects.retain(|object| RIGHTS.contains(&kind(object)));
        for object in &mut objects {
            if kind(object).starts_with("ValidatingAdmissionPolicy") {
                let own = format!("{}.{namespace}", object.name_any());
                if let Some(policy) = object.data.pointer_mut("/spec/policyName") {
                    *policy = own.as_str().into();
                }
                object.metadata.name = Some(own);
            }
        }
        crate::apply::apply_all(&self.client().await?, namespace, &objects).await?;
        Ok(true)
    }
}

fn kind(object: &DynamicObject) -> &str {
    object.types.as_ref().map_or("", |types| &types.kind)
}
