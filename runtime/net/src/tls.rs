//! TLS by rustls with ring: the system's certificate authorities and those that a configuration adds.

mod system;

use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use crate::NetError;
use system::SystemVerifier;

/// The TLS configuration of all connections of a client.
pub(crate) fn configuration(extra_authorities: Option<&[u8]>) -> Result<ClientConfig, NetError> {
    let provider = Arc::new(ring::default_provider());
    let verifier: Arc<dyn ServerCertVerifier> = match extra_authorities {
        Some(authorities) => Arc::new(with_extra(authorities, Arc::clone(&provider))?),
        None => Arc::new(SystemVerifier::new(Arc::clone(&provider))),
    };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong("no TLS versions", &error))?;
    let mut configuration = builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth();
    configuration.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(configuration)
}

/// The system's authorities and more. They are read at once, so that what is wrong with them is said with the configuration.
fn with_extra(authorities: &[u8], provider: Arc<CryptoProvider>) -> Result<Verifier, NetError> {
    let extra = CertificateDer::pem_slice_iter(authorities)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| wrong("the extra certificate authorities are no PEM", &error))?;
    if extra.is_empty() {
        let reason = "the extra certificate authorities hold no certificate".to_owned();
        return Err(NetError::Configure { reason });
    }
    // The system's may be missing then, so an error is about the extra ones themselves.
    Verifier::new_with_extra_roots(extra, provider).map_err(|error| wrong("the extra certificate authorities", &error))
}

fn wrong(what: &str, error: &dyn std::error::Error) -> NetError {
    NetError::Configure { reason: format!("{what}: {error}") }
}
