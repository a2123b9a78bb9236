//! A client of the first generation that knows the rows of inference, models, tools, MCP servers and skills.

use troupe_tests::{Peer, Place, peer, run};

#[tokio::test]
async fn a_client_of_the_first_generation_infers_and_registers_as_described() {
    let Some(python) = peer(Peer::Python) else { return };
    let place = Place::new().unwrap();
    let service = place.serve().await.unwrap();
    let client = format!("{}/tests/end_to_end/clients/s1_inference", env!("CARGO_MANIFEST_DIR"));
    let workspace = place.workspace();
    // What it complains of is in the error.
    run(&python, &["-B", &client, service.url(), workspace.to_str().unwrap()]).await.unwrap();
}
