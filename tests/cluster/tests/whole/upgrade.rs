//! The chart upgraded while runs are under way.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::{release, team::Team};

/// Longer than the pod's grace and its start together, on a busy machine.
const LIMIT: Duration = Duration::from_mins(4);

#[tokio::test]
async fn an_upgrade_under_load_loses_no_run() -> anyhow::Result<()> {
    let Some(release) = release::release().await? else { return Ok(()) };
    let _alone = release::THERE.write().await;
    let team = Team::with_quickstart(release, "upgraded").await?;
    let caller = team.caller("troupe-invoker").await?;
    let input = json!({"input": "count slowly", "session_id": "new"});
    let runs = (0..6).map(|_| team.start(&caller, "assistant", &input)).collect::<anyhow::Result<Vec<_>>>()?;

    let pod = ["get", "pod/troupe-runtime-0", "--output=jsonpath={.metadata.uid}"];
    let before = team.kubectl(&pod)?;
    release.upgrade(&["--set=runtime.resources.requests.cpu=60m"])?;
    let replaced = async {
        let (mut answered, mut pause) = (Instant::now(), Duration::ZERO);
        loop {
            if team.is_answering(&caller).unwrap() {
                pause = pause.max(answered.elapsed());
                answered = Instant::now();
                if team.kubectl(&pod).is_ok_and(|now| now != before) {
                    return pause;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let pause = tokio::time::timeout(LIMIT, replaced).await?;
    release::tell(&format!("upgraded with {} runs under way: no answer for {pause:.1?}", runs.len()));
    for run in runs {
        let over = team.run_over(&caller, &run).await?;
        assert_eq!(over["status"], "completed", "{over}");
        let told = team.stream(&caller, &format!("/v1/runs/{run}/events"), &[])?;
        let told: String = told.map(|event| event.data).collect();
        assert!(told.contains("one two three four five six seven eight nine ten"), "{told}");
    }
    release.upgrade(&[])?;
    team.end()
}
