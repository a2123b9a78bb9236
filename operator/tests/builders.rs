//! Golden files of the builders: a resource as people write it, and every object that it becomes.
//!
//! After an intended change: `INSTA_UPDATE=always cargo test -p troupe-operator --test builders`, and read the diff.

#![expect(clippy::panic, clippy::expect_used, reason = "tests panic")]

use std::{fs, path::Path, sync::Arc};

use clap::Parser;
use k8s_openapi::apimachinery::pkg::{api::resource::Quantity, apis::meta::v1::ObjectMeta};
use serde_json::Value;
use troupe_crds::{Kind, Resource};
use troupe_operator::{
    child::{Desired, Marks, Owner},
    mcp_server, names, runtime,
    settings::Settings,
};

fn settings() -> Settings {
    Settings::parse_from([
        "troupe-operator",
        "--namespace=troupe-system",
        "--runtime-image=registry.example/troupe:1.2.3",
        "--bridge-image=registry.example/bridge:1.2.3",
        "--mcp-image=registry.example/mcp:1.2.3",
        "--sandbox-image=registry.example/sandbox:1.2.3",
    ])
}

fn marks(metadata: &ObjectMeta, kind: Kind, application: &'static str) -> Marks {
    Marks {
        namespace: "people".to_owned(),
        owner: Owner { kind, name: Arc::from(troupe_crds::id::name(metadata)) },
        uid: "00000000-0000-0000-0000-000000000001".to_owned(),
        application,
        version: String::new(),
    }
}

fn build(resource: &Resource) -> Vec<Desired> {
    let settings = settings();
    match resource {
        Resource::Runtime(object) => runtime::build::build(&runtime::build::Input {
            marks: marks(&object.metadata, Kind::Runtime, names::RUNTIME),
            spec: &object.spec,
            pods: &settings.pods,
            release: &settings.namespace,
            secrets: &["model-key".to_owned(), "tool-key".to_owned()],
            config_maps: &[],
            claimed: [("troupe-runtime-data".to_owned(), Quantity("6Gi".to_owned()))].into(),
        }),
        Resource::McpServer(object) => mcp_server::build::build(&mcp_server::build::Input {
            marks: marks(&object.metadata, Kind::McpServer, mcp_server::APPLICATION),
            spec: &object.spec,
            pods: &settings.pods,
            egress: None,
        }),
        other => panic!("nothing is built for a {}", other.kind_name()),
    }
    .expect("objects can be written")
}

fn golden(folder: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(folder);
    let mut names: Vec<_> = fs::read_dir(&folder).expect("the folder is there").flatten().collect();
    names.sort_by_key(fs::DirEntry::path);
    let mut seen = 0;
    for file in names.iter().map(fs::DirEntry::path).filter(|path| path.extension().is_some_and(|it| it == "yaml")) {
        let text = fs::read_to_string(&file).expect("the file can be read");
        let document: Value = serde_yaml::from_str(&text).expect("the file is YAML");
        let resource = Resource::from_value(document).expect("the file is a resource");
        let violations = troupe_rules::check(&resource);
        assert_eq!(violations, [], "{}", file.display());
        let documents: Vec<String> = build(&resource)
            .iter()
            .map(|desired| serde_yaml::to_string(&desired.value).expect("JSON is YAML"))
            .collect();
        let name = file.file_stem().expect("the file has a name").to_string_lossy().into_owned();
        insta::with_settings!({snapshot_path => &folder, prepend_module_to_snapshot => false, omit_expression => true}, {
            insta::assert_snapshot!(name, documents.join("---\n"));
        });
        seen += 1;
    }
    assert!(seen > 0, "no file was tested");
}

#[test]
fn a_runtime_becomes_these_objects() {
    golden("runtime");
}

#[test]
fn an_mcp_server_becomes_these_objects() {
    golden("mcp-server");
}
