//! Writes `runtime/openapi.json` from the handlers.

fn main() -> std::io::Result<()> {
    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    std::fs::write(place, troupe_runtime::http::openapi::json())
}
