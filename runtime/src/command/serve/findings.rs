//! What is wrong in the folders, told in the log: at the start, and what is new after each change of the files.

use std::collections::BTreeSet;
use std::sync::Arc;

use troupe_catalog::{Diagnostic, Severity, View};

use crate::app::App;

/// Logs what is wrong now, and from now on what becomes wrong.
pub(super) fn follow(app: &Arc<App>) {
    let mut changes = app.catalog.subscribe();
    changes.mark_unchanged();
    let mut known = BTreeSet::new();
    tell(&app.catalog.view(), &mut known);
    let (catalog, shutdown) = (app.catalog.clone(), app.shutdown.clone());
    app.tasks.spawn(async move {
        loop {
            tokio::select! {
                news = changes.changed() => if news.is_err() { return },
                () = shutdown.cancelled() => return,
            }
            tell(&catalog.view(), &mut known);
        }
    });
}

/// Logs what is not in `known`, which is then what is wrong now: what was mended and breaks again is told again.
fn tell(view: &View, known: &mut BTreeSet<Diagnostic>) {
    let now: BTreeSet<Diagnostic> = view.diagnostics().iter().cloned().collect();
    for found in view.diagnostics().iter().filter(|found| !known.contains(found)) {
        match found.severity {
            Severity::Error => tracing::error!("{found}"),
            Severity::Warning => tracing::warn!("{found}"),
        }
    }
    if known.iter().any(|old| !now.contains(old)) && now.is_empty() {
        tracing::info!("all resources are well again");
    }
    *known = now;
}
