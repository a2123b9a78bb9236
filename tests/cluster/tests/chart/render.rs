//! What helm makes of the chart, without a cluster but for its schemas.

use std::{fs, process::Command};

use troupe_test_cluster::{chart_programs, control_plane};

use crate::{chart, file, golden::assert_golden, render, run};

/// Checks of kube-score that do not apply, and why.
const IGNORED: [(&str, &str); 1] = [(
    "container-image-pull-policy",
    "a release's tag never changes, and image.pullPolicy and image digests are values",
)];

#[test]
fn helm_finds_nothing_wrong() {
    let Some(programs) = chart_programs().unwrap() else { return };
    run(Command::new(programs.join("helm")).args(["lint", "--strict"]).arg(chart())).unwrap();
}

/// The definitions are files of the chart that have a test of their own.
fn without_definitions(manifests: &str) -> String {
    let documents = manifests.split("\n---\n");
    let kept = documents.filter(|document| !document.contains("\nkind: CustomResourceDefinition\n"));
    kept.collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn manifests_are_as_expected() {
    let Some(programs) = chart_programs().unwrap() else { return };
    let helm = programs.join("helm");
    let all = render(&helm, None);
    let kept = all.matches("helm.sh/resource-policy: keep").count();
    assert_eq!((all.matches("\nkind: CustomResourceDefinition\n").count(), kept), (8, 8));
    assert_golden("default.yaml", &without_definitions(&all));
    assert_golden("everything.yaml", &without_definitions(&render(&helm, Some(&file("values/everything.yaml")))));
}

#[tokio::test]
async fn manifests_are_what_the_api_server_takes() -> anyhow::Result<()> {
    let (Some(cluster), Some(programs)) = (control_plane().await?, chart_programs()?) else { return Ok(()) };
    let folder = cluster.folder().join("chart-schemas");
    fs::create_dir_all(&folder)?;
    cluster.write_schemas(&folder).await?;
    let location = format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", folder.display());
    for values in [None, Some(file("values/everything.yaml"))] {
        let manifests = folder.join("manifests.yaml");
        fs::write(&manifests, render(&programs.join("helm"), values.as_deref()))?;
        let mut kubeconform = Command::new(programs.join("kubeconform"));
        // Kinds of the Prometheus operator and of the Gateway API, which this API server has not.
        kubeconform.args(["-strict", "-skip", "ServiceMonitor,PodMonitor,HTTPRoute", "-schema-location", &location]);
        run(kubeconform.arg(&manifests)).unwrap_or_else(|error| panic!("{error}"));
    }
    Ok(())
}

#[test]
fn nothing_critical_is_found() {
    let Some(programs) = chart_programs().unwrap() else { return };
    let folder = tempfile::tempdir().unwrap();
    for values in [None, Some(file("values/everything.yaml"))] {
        let manifests = folder.path().join("manifests.yaml");
        fs::write(&manifests, render(&programs.join("helm"), values.as_deref())).unwrap();
        let mut score = Command::new(programs.join("kube-score"));
        // An operator that is throttled is late; its memory is limited.
        score.args(["score", "--output-format", "ci", "--ignore-container-cpu-limit"]);
        score.args(IGNORED.iter().flat_map(|(check, _)| ["--ignore-test", check]));
        run(score.arg(&manifests)).unwrap_or_else(|error| panic!("{error}"));
    }
}
