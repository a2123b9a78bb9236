//! The schemas that manifests are held to without a cluster.

use std::{fs, path::Path, process::Command};

use troupe_test_cluster::{chart_programs, control_plane};

/// kubeconform's verdict on one manifest: nothing, or what is wrong with it.
fn verdict(kubeconform: &Path, schemas: &Path, manifest: &str) -> Option<String> {
    let file = schemas.join("manifest.yaml");
    fs::write(&file, manifest).unwrap();
    let location = format!("{}/{{{{.ResourceKind}}}}{{{{.KindSuffix}}}}.json", schemas.display());
    let output = Command::new(kubeconform).args(["-strict", "-schema-location", &location]).arg(file).output().unwrap();
    (!output.status.success()).then(|| String::from_utf8(output.stdout).unwrap())
}

#[tokio::test]
async fn kubeconform_knows_every_kind_by_the_servers_own_word() -> anyhow::Result<()> {
    let (Some(cluster), Some(programs)) = (control_plane().await?, chart_programs()?) else { return Ok(()) };
    cluster.install_resource_definitions().await?;
    let folder = cluster.folder().join("schemas");
    fs::create_dir_all(&folder)?;
    cluster.write_schemas(&folder).await?;
    let kubeconform = programs.join("kubeconform");
    let model = |field: &str| {
        let spec = "{protocol: OpenAI, baseUrl: 'https://api.example.com/v1', model: small";
        format!("{{apiVersion: troupe.dev/v1alpha1, kind: Model, metadata: {{name: small}}, spec: {spec}{field}}}}}")
    };
    let deployment = |port: &str| {
        let container = format!(
            "{{name: a, image: a, resources: {{limits: {{cpu: 1}}}}, readinessProbe: {{httpGet: {{port: {port}}}}}}}"
        );
        let template = format!("{{metadata: {{labels: {{app: a}}}}, spec: {{containers: [{container}]}}}}");
        let spec = format!("{{selector: {{matchLabels: {{app: a}}}}, template: {template}}}");
        format!("{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: a}}, spec: {spec}}}")
    };
    for right in [model(""), deployment("http"), deployment("80")] {
        assert_eq!(verdict(&kubeconform, &folder, &right), None, "{right}");
    }
    for (wrong, says) in
        [(model(", modle: x"), "modle"), (deployment("[80]"), "port"), (deployment("80, prot: 1"), "prot")]
    {
        let said = verdict(&kubeconform, &folder, &wrong).expect("it is wrong");
        assert!(said.contains(says), "{wrong}: {said}");
    }
    Ok(())
}
