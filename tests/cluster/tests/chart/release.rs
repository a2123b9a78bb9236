//! The life of a release: over definitions that were there, upgraded, gone, and installed again.

use std::{path::Path, process::Command};

use serde_json::Value;
use troupe_test_cluster::{ControlPlane, chart_programs, programs};

use crate::{chart, run};

const NAMESPACE: &str = "troupe-system";

/// helm and kubectl as one who may do everything.
struct Tools<'a> {
    cluster: &'a ControlPlane,
    helm: &'a Path,
}

impl Tools<'_> {
    fn helm(&self, arguments: &[&str]) -> Result<String, String> {
        let mut command = Command::new(self.helm);
        command.env_clear().env("HOME", self.cluster.folder()).env("KUBECONFIG", self.cluster.kubeconfig());
        run(command.args(arguments).args(["--namespace", NAMESPACE]))
    }

    fn with_chart(&self, verb: &str, values: &[&str]) -> Result<String, String> {
        self.with(&chart(), verb, values)
    }

    fn with(&self, chart: &Path, verb: &str, values: &[&str]) -> Result<String, String> {
        let arguments = [verb, "troupe", chart.to_str().unwrap(), "--create-namespace"];
        let arguments = if verb == "upgrade" { &arguments[..3] } else { &arguments[..] };
        self.helm(&[arguments, values].concat())
    }

    fn kubectl(&self, arguments: &[&str]) -> Result<String, String> {
        run(self.cluster.kubectl_as(self.cluster.kubeconfig()).args(arguments))
    }

    fn get(&self, arguments: &[&str]) -> Value {
        serde_json::from_str(&self.kubectl(&[&["get", "--output=json"], arguments].concat()).unwrap()).unwrap()
    }

    /// Names of what the release made of a kind, in the whole cluster.
    fn names(&self, kind: &str) -> Vec<String> {
        let listed = self.get(&[kind, "--all-namespaces", "--selector=app.kubernetes.io/managed-by=Helm"]);
        let name = |item: &Value| {
            let metadata = &item["metadata"];
            let namespace = metadata["namespace"].as_str().map(|it| format!("{it}/")).unwrap_or_default();
            namespace + metadata["name"].as_str().unwrap()
        };
        listed["items"].as_array().unwrap().iter().map(name).collect()
    }
}

const EVERY_ROLE: [&str; 7] = [
    "troupe-author",
    "troupe-editor",
    "troupe-invoker",
    "troupe-operator",
    "troupe-runtime",
    "troupe-runtime-reviewer",
    "troupe-viewer",
];

#[tokio::test]
async fn a_release_is_installed_upgraded_and_leaves_the_definitions() -> anyhow::Result<()> {
    let (Some(programs), Some(more)) = (programs()?, chart_programs()?) else { return Ok(()) };
    let cluster = ControlPlane::start(&programs).await?;
    let tools = Tools { cluster: &cluster, helm: &more.join("helm") };

    // Definitions that kubectl applied are taken over when helm is told to, and not before.
    let definitions = chart().join("files/crds");
    tools.kubectl(&["apply", "--server-side", "--filename", definitions.to_str().unwrap()]).unwrap();
    let refused = tools.with_chart("install", &[]).unwrap_err();
    assert!(refused.contains("invalid ownership metadata"), "{refused}");
    let notes = tools.with_chart("install", &["--take-ownership"]).unwrap();
    assert!(notes.contains("troupe ask NAME \"Hello\" -n NAMESPACE"), "{notes}");
    assert!(!notes.contains("WARNING"), "{notes}");
    assert_eq!(tools.names("customresourcedefinitions").len(), 8);
    assert_eq!(tools.names("clusterroles"), EVERY_ROLE);
    assert_eq!(tools.names("validatingadmissionpolicies"), tools.names("validatingadmissionpolicybindings"));

    // What the operator writes of the binding stays through an upgrade.
    cluster.apply_path("default", &crate::file("fixtures/reviewer.yaml")).await?;
    let notes = tools.with_chart("upgrade", &["--set=operator.replicas=2,operator.log=debug"]).unwrap();
    assert!(notes.contains("REVISION: 2"), "{notes}");
    let operator = tools.get(&["deployment", "troupe-operator", "--namespace", NAMESPACE]);
    assert_eq!(operator["spec"]["replicas"], 2);
    let reviewers = tools.get(&["clusterrolebinding", "troupe-runtime-reviewer"]);
    assert_eq!(reviewers["subjects"][0]["namespace"], "kept");

    watches_namespaces(&tools);

    let model = "{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {name: kept}, \
                 spec: {protocol: OpenAI, baseUrl: 'https://api.example.com/v1', model: m}}";
    troupe_test_cluster::apply(&cluster.client().await?, "default", model).await?;
    tools.helm(&["uninstall", "troupe"]).unwrap();
    for kind in ["clusterroles", "clusterrolebindings", "roles", "validatingadmissionpolicies", "deployments"] {
        assert!(tools.names(kind).is_empty(), "{kind} are left");
    }
    assert_eq!(tools.names("customresourcedefinitions").len(), 8);
    tools.with_chart("install", &[]).unwrap();
    assert_eq!(tools.get(&["model", "kept"])["spec"]["model"], "m");
    Ok(())
}

/// With named namespaces there are Roles in these, and no right in the whole cluster; without them all is as before.
fn watches_namespaces(tools: &Tools<'_>) {
    for namespace in ["team-a", "team-b"] {
        tools.kubectl(&["create", "namespace", namespace]).unwrap();
    }
    let named = "--set=operator.watchNamespaces={team-a,team-b}";
    let notes = tools.with_chart("upgrade", &["--reset-values", named]).unwrap();
    assert!(notes.contains("is installed for team-a, team-b."), "{notes}");
    let expected: Vec<_> = EVERY_ROLE.into_iter().filter(|role| *role != "troupe-operator").collect();
    assert_eq!(tools.names("clusterroles"), expected);
    assert_eq!(tools.names("clusterrolebindings"), ["troupe-runtime-reviewer-named"]);
    let reviewers = tools.get(&["clusterrolebinding", "troupe-runtime-reviewer-named"]);
    let namespaces: Vec<_> = reviewers["subjects"]
        .as_array()
        .unwrap()
        .iter()
        .map(|subject| subject["namespace"].as_str().unwrap())
        .collect();
    assert_eq!(namespaces, ["team-a", "team-b"]);
    let roles = ["team-a/troupe-operator", "team-b/troupe-operator", "troupe-system/troupe-operator-lease"];
    assert_eq!(
        (tools.names("roles"), tools.names("rolebindings")),
        (roles.map(str::to_owned).into(), roles.map(str::to_owned).into())
    );

    let notes = tools.with_chart("upgrade", &["--reset-values", "--set=admissionPolicies.enabled=false"]).unwrap();
    assert!(notes.contains("WARNING"), "{notes}");
    assert_eq!(tools.names("clusterroles"), EVERY_ROLE);
    assert_eq!(tools.names("validatingadmissionpolicies"), [""; 0]);
    assert_eq!(tools.names("roles"), ["troupe-system/troupe-operator-lease"]);
    let notes = tools.with_chart("upgrade", &["--reset-values", "--set=crds.enabled=false"]).unwrap();
    assert!(notes.contains("crds.enabled=false"), "{notes}");
    assert_eq!(tools.names("customresourcedefinitions").len(), 8);
}

/// A chart as an earlier release had it: another version, and a definition that says something else.
fn earlier_chart(folder: &Path) -> std::path::PathBuf {
    let earlier = folder.join("earlier");
    run(Command::new("cp").arg("--recursive").arg(chart()).arg(&earlier)).unwrap();
    for (file, now, then) in [
        ("Chart.yaml", concat!("version: ", env!("CARGO_PKG_VERSION"), "\nappVersion"), "version: 0.0.9\nappVersion"),
        ("files/crds/models.yaml", DESCRIPTION, "An earlier description."),
    ] {
        let path = earlier.join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(now), "{file}: {text}");
        std::fs::write(path, text.replace(now, then)).unwrap();
    }
    earlier
}

/// What the definition of Model says now.
const DESCRIPTION: &str = "A model behind a provider's API, spoken to in that provider's own wire format.";

#[tokio::test]
async fn a_release_of_an_earlier_chart_is_upgraded_definitions_included() -> anyhow::Result<()> {
    let (Some(programs), Some(more)) = (programs()?, chart_programs()?) else { return Ok(()) };
    let cluster = ControlPlane::start(&programs).await?;
    let tools = Tools { cluster: &cluster, helm: &more.join("helm") };
    let earlier = earlier_chart(cluster.folder());
    let described = || {
        let definition = tools.get(&["customresourcedefinition", "models.troupe.dev"]);
        definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["description"].as_str().unwrap().to_owned()
    };
    tools.with(&earlier, "install", &[]).unwrap();
    assert_eq!(described(), "An earlier description.");
    let notes = tools.with_chart("upgrade", &[]).unwrap();
    assert!(notes.contains("REVISION: 2"), "{notes}");
    assert_eq!(described(), DESCRIPTION);

    // Definitions that kubectl applied stay kubectl's until helm is told otherwise, as the chart's README says.
    let definitions = earlier.join("files/crds");
    let take = ["apply", "--server-side", "--force-conflicts", "--filename", definitions.to_str().unwrap()];
    tools.kubectl(&take).unwrap();
    let refused = tools.with_chart("upgrade", &[]).unwrap_err();
    assert!(refused.contains(r#"conflict with \"kubectl\""#), "{refused}");
    tools.with_chart("upgrade", &["--force-conflicts"]).unwrap();
    assert_eq!(described(), DESCRIPTION);
    Ok(())
}
