//! What loads, and what is said about what does not.

use troupe_crds::Kind;
use troupe_rules::{Served, support::Feature};

use crate::folder::{MODEL, Setting, agent, description, entry, ready};

#[tokio::test]
async fn documents_of_all_files_serve() {
    let setting = Setting::with(&format!("{MODEL}{}{}", agent("one", "First"), agent("two", "Second")));
    setting.write("first/deep/er/three.yml", &agent("three", "Third"));
    setting.write(
        "first/four.json",
        "{\n\t\"apiVersion\": \"troupe.dev/v1alpha1\", \"kind\": \"Agent\",\n\t\"metadata\": {\"name\": \"four\"},\n\t\
         \"spec\": {\"description\": \"Fourth\", \"modelRef\": {\"name\": \"small\"}}\n}\n",
    );
    setting.write("first/README.md", "kind: Agent");
    setting.write("first/.hidden.yaml", &agent("five", "Fifth"));
    let catalog = setting.open_first().await;
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
    let view = catalog.view();
    let names: Vec<_> = view.list(Kind::Agent).map(|entry| entry.name.as_ref()).collect();
    assert_eq!(names, ["four", "one", "three", "two"]);
    assert!(view.list(Kind::Agent).all(|entry| entry.is_ready()));
    assert_eq!(entry(&catalog, Kind::Agent, "two").line, 13);
}

#[tokio::test]
async fn a_later_folder_wins() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    setting.write("second/one.yaml", &agent("one", "Overridden"));
    let catalog = setting.open(&["first", "second"]).await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("Overridden"));
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
    let catalog = setting.open(&["second", "first"]).await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
}

#[tokio::test]
async fn each_sort_of_bad_document_is_told_with_its_place_while_the_rest_serves() {
    let setting = Setting::with(MODEL);
    let head = "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nmetadata: {name: NAME}\n";
    for (file, name, rest) in [
        ("b-syntax", "syntax", "spec:\n  description: [open\n"),
        ("c-unknown", "unknown", "spec:\n  modelRef: {name: small}\n  descripton: typed wrong\n"),
        ("d-type", "type", "spec:\n  tools: bash\n"),
        ("e-rule", "rule", "spec:\n  tools:\n    - {}\n"),
        ("f-reference", "reference", "spec:\n  modelRef: {name: large}\n"),
    ] {
        setting
            .write(&format!("first/{file}.yaml"), &format!("# A comment.\n---\n{}{rest}", head.replace("NAME", name)));
    }
    setting.write("first/g-kind.yaml", "apiVersion: troupe.dev/v1alpha1\nkind: Agnet\nmetadata: {name: kind}\n");
    setting.write("first/h-version.yaml", "apiVersion: troupe.dev/v1\nkind: Agent\nmetadata: {name: version}\n");
    setting.write("first/i-name.yaml", "apiVersion: troupe.dev/v1alpha1\nkind: Agent\nspec: {}\n");
    setting.write("first/j-list.yaml", "- a\n- b\n");
    setting.write(
        "first/n-list.yaml",
        "apiVersion: v1\nkind: List\nitems:\n  - {apiVersion: troupe.dev/v1alpha1, kind: Agent, metadata: {name: listed}}\n",
    );
    setting.write("first/k-other.yaml", "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: other}\n");
    std::fs::write(setting.path("first/l-bytes.yaml"), b"kind: \xff\xfe").unwrap();
    setting.write("first/m-good.yaml", &agent("good", "Serves"));
    let catalog = setting.open_first().await;
    assert_eq!(description(&catalog, "good").as_deref(), Some("Serves"));
    let told = setting.diagnostics(&catalog);
    assert_told(
        &told,
        &[
            (
                "first/b-syntax.yaml:8:1: error: Agent \"syntax\": cannot be read as YAML: ",
                "correct the text here or just above",
            ),
            ("first/c-unknown.yaml:8:3: error: Agent \"unknown\": spec.descripton: ", ""),
            ("first/d-type.yaml:7:3: error: Agent \"type\": spec.tools: ", "write a list"),
            (
                "first/e-rule.yaml:8:7: error: Agent \"rule\": spec.tools[0]: ",
                "set exactly one of tool, mcpServer, builtin and agent",
            ),
            (
                "first/f-reference.yaml:7:3: error: Agent \"reference\": spec.modelRef: ",
                "there is no Model \"large\": create it, or name another",
            ),
            ("first/g-kind.yaml:2:1: error: Agnet \"kind\": kind: ", "unknown kind"),
            ("first/h-version.yaml:1:1: error: Agent \"version\": apiVersion: ", "use troupe.dev/v1alpha1"),
            ("first/i-name.yaml:1:1: error: Agent: metadata.name: ", "is missing"),
            ("first/l-bytes.yaml:1: error: ", "is not text in UTF-8"),
            ("first/n-list.yaml:2:1: error: List: kind: ", "with --- between them"),
        ],
    );
}

/// Each line begins and contains as wanted, and there is none more.
fn assert_told(told: &[String], wanted: &[(&str, &str)]) {
    for (line, (start, part)) in told.iter().zip(wanted) {
        assert!(line.starts_with(start) && line.contains(part), "told   {line}\nwanted {start}…{part}");
    }
    assert_eq!(told.len(), wanted.len(), "{told:#?}");
}

#[tokio::test]
async fn two_documents_of_one_name_in_one_folder_are_told_and_the_first_serves() {
    let setting = Setting::with(&format!("{MODEL}{}", agent("one", "First")));
    setting.write("first/later.yaml", &agent("one", "Second"));
    let catalog = setting.open_first().await;
    assert_eq!(description(&catalog, "one").as_deref(), Some("First"));
    let root = setting.path("");
    let told = setting.diagnostics(&catalog)[0].replace(&*root.to_string_lossy(), "");
    assert_eq!(
        told,
        "first/later.yaml:1: error: Agent \"one\": metadata.name: is defined in first/all.yaml:5 already, and that \
         serves: rename or remove one of the two"
    );
}

#[tokio::test]
async fn of_two_objects_with_one_id_the_older_serves_it() {
    let with_id = |name: &str, created: &str| {
        agent(name, name).replace("spec:", &format!("  annotations: {{troupe.dev/id: org/x}}\n{created}spec:"))
    };
    let setting = Setting::with(&format!(
        "{MODEL}{}{}",
        with_id("a", ""),
        with_id("b", "  creationTimestamp: 2026-01-01T00:00:00Z\n")
    ));
    let catalog = setting.open_first().await;
    assert_eq!(catalog.view().find(Kind::Agent, "org/x").unwrap().name.as_ref(), "b");
    let (reason, message) = ready(&catalog, Kind::Agent, "a");
    assert_eq!(reason, "DuplicateId");
    assert!(message.contains("id \"org/x\" is \"b\"'s already"), "{message}");
    assert!(entry(&catalog, Kind::Agent, "a").resource.is_none());
}

#[tokio::test]
async fn a_name_wins_over_an_id() {
    let other = agent("other", "Other").replace("spec:", "  annotations: {troupe.dev/id: one}\nspec:");
    let setting = Setting::with(&format!("{MODEL}{}{other}", agent("one", "First")));
    let catalog = setting.open_first().await;
    assert_eq!(catalog.view().find(Kind::Agent, "one").unwrap().name.as_ref(), "one");
}

#[tokio::test]
async fn what_is_not_served_yet_says_so() {
    let workflow = "---\napiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {name: claude}\nspec: {protocol: Anthropic, baseUrl: 'http://localhost:9', model: c}\n";
    let mut setting = Setting::with(workflow);
    setting.served = Served::all_but([Feature::Anthropic]);
    let catalog = setting.open_first().await;
    let (reason, message) = ready(&catalog, Kind::Model, "claude");
    assert_eq!(reason, "NotSupported");
    assert!(message.starts_with("spec.protocol: "), "{message}");
}

#[tokio::test]
async fn teams_workflows_and_memory_are_not_served_yet_and_a_cluster_lacks_jails_with_a_network() {
    let documents = "---\napiVersion: troupe.dev/v1alpha1\nkind: Team\nmetadata: {name: crew}\nspec: {strategy: Parallel, members: [{name: x, agentRef: {name: one}}]}\n---\napiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {name: wide}\nspec: {description: Runs., function: {language: Python, source: x, network: Allowed}}\n---\napiVersion: troupe.dev/v1alpha1\nkind: Runtime\nmetadata: {name: default}\nspec: {sandbox: {network: Allowed}, defaults: {modelRef: {name: small}}}\n";
    let agent = agent("one", "First");
    let mut setting = Setting::with(&format!("{MODEL}{agent}{documents}"));
    for (served, wide, runtime) in
        [(Served::in_folders(), "Valid", "Valid"), (Served::in_cluster(), "NotSupported", "NotSupported")]
    {
        setting.served = served;
        let catalog = setting.open_first().await;
        assert_eq!(ready(&catalog, Kind::Team, "crew").0, "NotSupported");
        assert_eq!(ready(&catalog, Kind::Tool, "wide").0, wide);
        assert_eq!(ready(&catalog, Kind::Runtime, "default").0, runtime);
        // The rest of a Runtime counts all the same.
        assert!(catalog.view().runtime().is_some_and(|spec| spec.defaults.is_some()));
        assert_eq!(ready(&catalog, Kind::Agent, "one").0, "Valid");
    }
}

#[tokio::test]
async fn without_a_jail_what_runs_code_is_not_ready_until_it_is_there() {
    let tool = "---\napiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {name: adds}\nspec: {description: Adds., function: {language: Python, source: x}}\n";
    let shell = agent("shell", "Types").replace("  modelRef", "  tools: [{builtin: Bash}]\n  modelRef");
    let caller = agent("caller", "Calls").replace("  modelRef", "  tools: [{tool: {name: adds}}]\n  modelRef");
    let plain = agent("plain", "Talks");
    let setting = Setting::with(&format!("{MODEL}{shell}{caller}{plain}{tool}"));
    let catalog = setting.open_first().await;
    let reasons = || {
        let agents = ["shell", "caller", "plain"].map(|name| ready(&catalog, Kind::Agent, name).0);
        (ready(&catalog, Kind::Tool, "adds"), agents)
    };
    let (tool, agents) = reasons();
    assert_eq!((tool.0.as_str(), agents), ("Valid", ["Valid", "Valid", "Valid"].map(str::to_owned)));
    catalog.note_sandbox(Some("the kernel has no Landlock".to_owned())).await;
    let (tool, agents) = reasons();
    assert_eq!((tool.0.as_str(), tool.1.as_str()), ("SandboxUnavailable", "spec.function: the kernel has no Landlock"));
    assert_eq!(agents, ["SandboxUnavailable", "ReferenceNotReady", "Valid"].map(str::to_owned));
    assert!(entry(&catalog, Kind::Tool, "adds").resource.is_none(), "what is not confined does not run");
    catalog.note_sandbox(None).await;
    assert_eq!(reasons().1, ["Valid", "Valid", "Valid"].map(str::to_owned));
}

#[tokio::test]
async fn the_order_of_documents_changes_nothing() {
    let tool = "---\napiVersion: troupe.dev/v1alpha1\nkind: Tool\nmetadata: {name: hello}\nspec:\n  description: Greets.\n  template: {promptTemplateRef: {name: greeting}}\n";
    let template = "---\napiVersion: troupe.dev/v1alpha1\nkind: PromptTemplate\nmetadata: {name: greeting}\nspec: {content: 'Hello {{name}}'}\n";
    let boss = agent("boss", "Leads")
        .replace("  modelRef", "  tools: [{agent: {name: one}}, {tool: {name: hello}}]\n  modelRef");
    let documents = [format!("---\n{MODEL}"), agent("one", "First"), tool.to_owned(), template.to_owned(), boss];
    let mut views = Vec::new();
    for rotation in 0..documents.len() {
        let mut rotated = documents.to_vec();
        rotated.rotate_left(rotation);
        let setting = Setting::with(&rotated.concat());
        let catalog = setting.open_first().await;
        let view = catalog.view();
        let summary: Vec<String> = Kind::ALL
            .iter()
            .flat_map(|kind| view.list(*kind))
            .map(|entry| format!("{} {} {:?} {:?}", entry.kind, entry.name, entry.serving_revision, entry.conditions))
            .collect();
        assert!(view.list(Kind::Agent).all(|entry| entry.is_ready()), "{:?}", view.diagnostics());
        views.push(summary);
    }
    assert!(views.windows(2).all(|pair| pair[0] == pair[1]), "{views:#?}");
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_told() {
    let setting = Setting::with("");
    let catalog = setting.open(&["first", "nowhere"]).await;
    let told = setting.diagnostics(&catalog);
    assert!(told[0].starts_with("nowhere:1: error: cannot be opened: "), "{told:?}");
}
