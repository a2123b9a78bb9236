//! The status of an McpServer: a pure function of what was applied. Its tools are the runtime's to write.

use troupe_crds::condition::Reason;

use super::{APPLICATION, Fetched, PORT};
use crate::{
    child::ChildKind, children::Outcome, key::Key, names, ready, runtime::status as workload, standing::Standing,
    status::Report,
};

/// What is to be said of an McpServer.
pub fn report(key: &Key, fetched: &Fetched, outcome: &Outcome) -> Report {
    let observed = || {
        fetched
            .children
            .iter()
            .find(|(reference, _)| reference.kind == ChildKind::Deployment)
            .map(|(_, child)| child.pods)
    };
    let pods = outcome.pods.or_else(observed);
    let stdio = fetched.spec.as_ref().is_some_and(|spec| spec.stdio.is_some());
    let standing = if fetched.standing.is_good() { outcome.standing() } else { Some(fetched.standing.clone()) };
    let standing = standing.unwrap_or_else(|| match pods.filter(|_| stdio) {
        Some(pods) => workload::of_pods(pods, &key.namespace, APPLICATION),
        None if stdio => Standing::new(Reason::Pending, "the workload is being made"),
        None => Standing::default(),
    });
    let mut report = Report::new([ready::ready(&standing, &fetched.object.status)]);
    if stdio {
        report.conditions.push(workload::available(pods.unwrap_or_default(), &key.namespace, APPLICATION));
    }
    report.field("url", url(key, fetched))
}

/// The address at which the runtime reaches the server.
fn url(key: &Key, fetched: &Fetched) -> Option<String> {
    let spec = fetched.spec.as_ref()?;
    let own = || format!("http://{}.{}.svc:{PORT}/mcp", names::mcp(&key.name), key.namespace);
    spec.http.as_ref().map(|http| http.url.clone()).or_else(|| spec.stdio.as_ref().map(|_| own()))
}
