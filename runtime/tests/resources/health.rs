//! `/healthz` and `/readyz`.

use serde_json::json;

use crate::service::Service;

#[tokio::test]
async fn a_service_that_stops_is_alive_and_not_ready() {
    let service = Service::start().await;
    assert_eq!(service.get("/readyz").await.status, 200);
    service.app.draining.cancel();
    let ready = service.get("/readyz").await;
    assert_eq!((ready.status, &ready.body["status"]), (503, &json!("stopping")), "{ready:?}");
    assert_eq!(service.get("/healthz").await.status, 200);
}
