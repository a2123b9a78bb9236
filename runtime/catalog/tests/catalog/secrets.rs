//! Secrets: where values come from, which wins, and that none of them shows.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use troupe_catalog::Catalog;
use troupe_core::model::SecretRef;
use troupe_core::port::{SecretError, SecretSource};

use crate::folder::Setting;

async fn value(catalog: &Catalog, name: &str, key: &str) -> Result<String, SecretError> {
    let reference = SecretRef::Key { name: name.to_owned(), key: key.to_owned() };
    catalog.secret(&reference).await.map(|value| value.to_string())
}

const SECRET: &str = "\
apiVersion: v1
kind: Secret
metadata: {name: open-ai}
data: {coded: c2VjcmV0LWNvZGVk}
stringData: {api-key: secret-plain}
";

#[tokio::test]
async fn values_come_from_documents_then_the_file_then_the_environment() {
    let mut setting = Setting::with(SECRET);
    setting.environment.insert("TROUPE_SECRET_OPEN_AI_FROM_ENV".to_owned(), "secret-env".to_owned());
    let catalog = setting.open_first().await;
    assert_eq!(value(&catalog, "open-ai", "api-key").await.unwrap(), "secret-plain");
    assert_eq!(value(&catalog, "open-ai", "coded").await.unwrap(), "secret-coded");
    assert_eq!(value(&catalog, "open-ai", "from.env").await.unwrap(), "secret-env");
    catalog.set_secret("open-ai", "api-key", "secret-file").await.unwrap();
    assert_eq!(value(&catalog, "open-ai", "api-key").await.unwrap(), "secret-file");
    setting.environment.insert("TROUPE_SECRET_OPEN_AI_API_KEY".to_owned(), "secret-env".to_owned());
    let catalog = setting.open_first().await;
    assert_eq!(value(&catalog, "open-ai", "api-key").await.unwrap(), "secret-env");
}

#[tokio::test]
async fn a_missing_key_names_what_would_give_it() {
    let setting = Setting::with(SECRET);
    let catalog = setting.open_first().await;
    let error = value(&catalog, "open-ai", "other").await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "secret \"open-ai\" has no key \"other\"; add it, or set TROUPE_SECRET_OPEN_AI_OTHER"
    );
}

#[tokio::test]
async fn the_file_is_its_owners_and_keeps_comments() {
    let setting = Setting::with("");
    setting.write("data/secrets.yaml", "# Mine.\nother:\n  key: kept # really\n");
    let catalog = setting.open_first().await;
    assert_eq!(
        setting.diagnostics(&catalog),
        ["data/secrets.yaml:1: warning: Secret: can be read by others than its owner: run chmod 600 on it"]
    );
    catalog.set_secret("new", "key", "secret-value").await.unwrap();
    assert_eq!(setting.read("data/secrets.yaml"), "# Mine.\nother:\n  key: kept # really\nnew:\n  key: secret-value\n");
    let mode = fs::metadata(setting.path("data/secrets.yaml")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(catalog.delete_secret("new").await.unwrap());
    assert!(!catalog.delete_secret("new").await.unwrap());
    assert_eq!(setting.read("data/secrets.yaml"), "# Mine.\nother:\n  key: kept # really\n");
    catalog.reload().await;
    assert_eq!(setting.diagnostics(&catalog), [""; 0]);
    assert_eq!(catalog.secret_keys(), [("other".to_owned(), "key".to_owned())]);
}

#[tokio::test]
async fn a_malformed_file_is_told_and_not_overwritten() {
    let setting = Setting::with("");
    setting.write("data/secrets.yaml", "name: secret-value\n");
    let catalog = setting.open_first().await;
    assert!(setting.diagnostics(&catalog)[0].contains("must be a mapping of Secrets"));
    let error = catalog.set_secret("a", "b", "c").await.unwrap_err();
    assert!(!error.to_string().contains("secret-value"));
    assert_eq!(setting.read("data/secrets.yaml"), "name: secret-value\n");
}

#[tokio::test]
async fn no_value_is_ever_shown() {
    let setting = Setting::with(SECRET);
    setting
        .write("first/bad.yaml", "apiVersion: v1\nkind: Secret\nmetadata: {name: bad}\nstringData: {pin: 8675309}\n");
    setting.write(
        "first/coded.yaml",
        "apiVersion: v1\nkind: Secret\nmetadata: {name: coded}\ndata: {key: 'not*base64'}\n",
    );
    setting.write("first/syntax.yaml", "kind: Secret\nstringData:\n  key: 'secret-open\n");
    let catalog = setting.open_first().await;
    let shown = format!("{:?} {:?} {:?}", catalog, catalog.view(), catalog.view().diagnostics());
    assert_eq!(catalog.view().diagnostics().len(), 3, "{shown}");
    for value in ["secret-plain", "c2VjcmV0", "8675309", "not*base64", "secret-open"] {
        assert!(!shown.contains(value), "{value} is in {shown}");
    }
}

#[tokio::test]
async fn an_edited_file_of_secrets_counts_at_the_next_look() {
    let setting = Setting::with("");
    let catalog = setting.open_first().await;
    setting.write("data/secrets.yaml", "a: {b: one}\n");
    fs::set_permissions(setting.path("data/secrets.yaml"), fs::Permissions::from_mode(0o600)).unwrap();
    catalog.reload().await;
    assert_eq!(value(&catalog, "a", "b").await.unwrap(), "one");
}

#[tokio::test]
async fn the_keys_that_an_object_lacks_are_told() {
    let model = "---\napiVersion: troupe.dev/v1alpha1\nkind: Model\nmetadata: {name: m}\nspec: {protocol: OpenAI, baseUrl: 'http://localhost:9', model: m, \
                 apiKey: {secretKeyRef: {name: open-ai, key: api-key}}, headers: [{name: x, secretKeyRef: {name: open-ai, key: other}}]}\n";
    let setting = Setting::with(&format!("{SECRET}{model}"));
    let catalog = setting.open_first().await;
    let entry = crate::folder::entry(&catalog, troupe_crds::Kind::Model, "m");
    let missing = catalog.missing_secrets(&entry);
    assert_eq!(missing.len(), 1);
    assert_eq!((missing[0].path.as_str(), missing[0].key.as_str()), ("spec.headers[0].secretKeyRef", "other"));
    let said = |catalog: &troupe_catalog::Catalog| -> Vec<String> {
        let said = catalog.conditions(&entry);
        said.iter().map(|said| format!("{} {} {} {}", said.type_, said.status, said.reason, said.message)).collect()
    };
    let lacking = "SecretNotFound spec.headers[0].secretKeyRef: secret \"open-ai\" has no key \"other\"; add it, or set \
                   TROUPE_SECRET_OPEN_AI_OTHER";
    assert_eq!(said(&catalog), [format!("Ready false {lacking}"), format!("SecretsResolved false {lacking}")]);
    catalog.set_secret("open-ai", "other", "value").await.unwrap();
    assert!(catalog.missing_secrets(&entry).is_empty());
    assert_eq!(said(&catalog), ["Ready true Valid ", "SecretsResolved true SecretsFound "]);
}
